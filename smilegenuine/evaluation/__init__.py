"""Systems compared over folds by subject: scores, tests, finished folds on disk."""
