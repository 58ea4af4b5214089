"""The local cloud: AWS on 127.0.0.1, with real engines behind the services Presage uses.

MiniStack answers the AWS API; `mends` corrects what it does otherwise than AWS, one module each; `service` is the
frame for the services of our own (Athena, EMR and Glue jobs, SageMaker).
"""

VERSION = '0.1.0'
