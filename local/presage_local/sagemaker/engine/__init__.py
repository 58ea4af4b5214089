"""The search behind the local SageMaker AutoML and the container that serves its models.

Pure Python on arrays and files: nothing here knows S3, IAM or the server, so it is tested on small data alone.
"""
