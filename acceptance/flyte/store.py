"""The object store, by boto3."""

import asyncio
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


class Store:
    """A bucket, and where in it runs are."""

    def __init__(self, settings):
        self.prefix = settings["prefix"].rstrip("/")
        config = Config(signature_version="s3v4", s3={"addressing_style": "path"}, max_pool_connections=32)
        self.client = boto3.client(
            "s3",
            endpoint_url=settings["endpoint"],
            aws_access_key_id=settings["accessKey"],
            aws_secret_access_key=settings["secretKey"],
            region_name=settings["region"],
            config=config,
        )

    async def write(self, uri, content):
        await asyncio.to_thread(self.client.put_object, **at(uri), Body=content)

    async def read(self, uri):
        """The content, or nothing."""

        def read():
            try:
                return self.client.get_object(**at(uri))["Body"].read()
            except ClientError as error:
                if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                    return None
                raise

        return await asyncio.to_thread(read)

    def upload_url(self, uri, seconds, md5):
        """A URL that takes one content, and the headers to send with it."""
        parameters = {**at(uri), **({"ContentMD5": md5} if md5 else {})}
        return self.client.generate_presigned_url("put_object", Params=parameters, ExpiresIn=seconds)


def at(uri):
    """Bucket and key of `s3://bucket/key`."""
    parts = urlsplit(uri)
    return {"Bucket": parts.netloc, "Key": parts.path.lstrip("/")}
