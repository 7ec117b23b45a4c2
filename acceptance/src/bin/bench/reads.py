"""Reads what the provider reads of buckets, by boto3 in ten threads: the arguments are the endpoint, how many, and the threads."""

import sys
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, buckets, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
s3 = boto3.client("s3", endpoint_url=endpoint, config=Config(max_pool_connections=threads, s3={"addressing_style": "path"}))
READS = [
    s3.head_bucket,
    s3.get_bucket_encryption,
    s3.get_bucket_cors,
    s3.get_bucket_lifecycle_configuration,
    s3.get_bucket_policy,
    s3.get_bucket_ownership_controls,
    s3.get_public_access_block,
    s3.get_bucket_tagging,
    s3.get_bucket_versioning,
]


def read(index):
    for call in READS:
        try:
            call(Bucket=f"refresh-{index}")
        except ClientError as error:
            # A bucket without rules has no rules to read.
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise


with ThreadPoolExecutor(threads) as pool:
    list(pool.map(read, range(buckets)))
