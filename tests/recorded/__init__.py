"""What opsctl reads out of answers that AWS gave, held against recordings that others made public.

Each row names its recording. `sqs/...`, `sns/...`, `lambda_/...`, `events/...` are test modules of LocalStack
whose snapshots were validated against AWS (tests/aws/services/); `powertools/...` are events in the tests of
Powertools for AWS Lambda (tests/events/); the rest are pages of AWS's documentation. Only shapes and facts are
taken: the values are invented, and what is expected is what the recording shows.
"""
