"""Pure builders of reads and calls, one module an AWS service."""
