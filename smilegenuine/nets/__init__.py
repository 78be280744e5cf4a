"""Networks: `torch.nn.Module` only. Logits out; `embed` gives what the last layer sees."""
