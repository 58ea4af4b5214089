"""What the Spark scripts share: one request in, tables in and out, one report, one clear line when it fails.

Plain PySpark 3.5 that runs on Amazon EMR 7.12, AWS Glue 5.1 and a laptop alike: no GlueContext, no DynamicFrame, no
AWS library. Every address comes from the request and is handed to Spark as it is, so the scripts do not care whether
it starts with `s3://` or `file://`. Syntax stays within Python 3.9, the default of EMR 7.12.
"""
