"""S3, as boto3 and the AWS CLI see it: buckets, objects, checksums and lists."""

import base64
import hashlib
import subprocess
import sys
import urllib.error
import urllib.request
import zlib

import boto3
import botocore.config
import pytest
from botocore.exceptions import ClientError

from conftest import ACCOUNT, CREDENTIALS, REGION, World
from test_faults import log
from test_wire import check_error

LOCATION = {"LocationConstraint": REGION}
ASSETS = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"


@pytest.fixture
def s3(world):
    return world.client("s3")


@pytest.fixture
def bucket(s3):
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration=LOCATION)
    return "bucket"


def get(s3, bucket, key, **arguments):
    return s3.get_object(Bucket=bucket, Key=key, **arguments)["Body"].read()


def keys(response):
    return [item["Key"] for item in response.get("Contents", [])]


def head_status(call):
    """The status of the error of a HEAD request, whose response has no body."""
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_bucket_is_created_read_and_deleted(world, s3):
    assert s3.create_bucket(Bucket="bucket", CreateBucketConfiguration=LOCATION)["Location"] == "/bucket"
    assert s3.head_bucket(Bucket="bucket")["BucketRegion"] == REGION
    assert s3.get_bucket_location(Bucket="bucket")["LocationConstraint"] == REGION
    (rule,) = s3.get_bucket_encryption(Bucket="bucket")["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    (listed,) = s3.list_buckets()["Buckets"]
    assert (listed["Name"], listed["BucketRegion"]) == ("bucket", REGION)
    create = lambda client, **more: client.create_bucket(Bucket="bucket", **more)  # noqa: E731
    check_error(lambda: create(s3, CreateBucketConfiguration=LOCATION), "BucketAlreadyOwnedByYou", 409)
    check_error(lambda: create(world.client("s3", account="000000000001"), CreateBucketConfiguration=LOCATION), "BucketAlreadyExists", 409)
    check_error(lambda: s3.create_bucket(Bucket="other"), "IllegalLocationConstraintException", 400)
    s3.put_object(Bucket="bucket", Key="k", Body=b"")
    check_error(lambda: s3.delete_bucket(Bucket="bucket"), "BucketNotEmpty", 409)
    s3.delete_object(Bucket="bucket", Key="k")
    assert s3.delete_object(Bucket="bucket", Key="k")["ResponseMetadata"]["HTTPStatusCode"] == 204
    s3.delete_bucket(Bucket="bucket")
    assert head_status(lambda: s3.head_bucket(Bucket="bucket")) == 404
    first = world.client("s3", region="us-east-1")
    first.create_bucket(Bucket="first")
    first.create_bucket(Bucket="first")
    assert first.get_bucket_location(Bucket="first")["LocationConstraint"] is None


def test_an_object_reads_back_with_its_headers(s3, bucket):
    body = bytes(range(256)) * 5
    put = s3.put_object(
        Bucket=bucket, Key="a/ü k+%.txt", Body=body, ContentType="text/x", ContentEncoding="gzip", CacheControl="no-store",
        Metadata={"a": "b"},
    )
    etag = f'"{hashlib.md5(body).hexdigest()}"'
    assert put["ETag"] == etag
    for read in (s3.get_object, s3.head_object):
        got = read(Bucket=bucket, Key="a/ü k+%.txt")
        assert (got["ETag"], got["ContentLength"], got["Metadata"]) == (etag, len(body), {"a": "b"})
        assert (got["ContentType"], got["ContentEncoding"], got["CacheControl"]) == ("text/x", "gzip", "no-store")
        assert got["ServerSideEncryption"] == "AES256" and got["LastModified"]
    assert get(s3, bucket, "a/ü k+%.txt") == body
    ranged = s3.get_object(Bucket=bucket, Key="a/ü k+%.txt", Range="bytes=10-19")
    assert (ranged["Body"].read(), ranged["ContentRange"]) == (body[10:20], f"bytes 10-19/{len(body)}")
    check_error(lambda: s3.get_object(Bucket=bucket, Key="none"), "NoSuchKey", 404, "The specified key does not exist.")
    check_error(lambda: s3.get_object(Bucket="none", Key="k"), "NoSuchBucket", 404, "The specified bucket does not exist")
    assert head_status(lambda: s3.head_object(Bucket=bucket, Key="none")) == 404


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_a_checksum_in_a_trailer_is_verified_and_the_framing_is_not_stored(world, algorithm):
    # Over TLS and with a stream, SDKs send `aws-chunked` bodies with trailers; over plain HTTP they sign the body.
    s3 = boto3.client(
        "s3", region_name=REGION, endpoint_url=world.url.replace("http:", "https:"), verify=False, **CREDENTIALS,
        config=botocore.config.Config(retries={"max_attempts": 0}),
    )
    headers = []
    s3.meta.events.register("before-send.s3.PutObject", lambda request, **_: headers.append(dict(request.headers)))
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration=LOCATION)
    body = b"0\r\n\r\n" * 40_000
    (world.folder / "body").write_bytes(body)
    with open(world.folder / "body", "rb") as stream:
        put = s3.put_object(Bucket="bucket", Key="k", Body=stream, ChecksumAlgorithm=algorithm)
    sent = {name.lower(): value for name, value in headers[0].items()}
    assert sent["x-amz-content-sha256"] == b"STREAMING-UNSIGNED-PAYLOAD-TRAILER", sent
    digest = {"CRC32": zlib.crc32(body).to_bytes(4, "big"), "SHA1": hashlib.sha1(body).digest(), "SHA256": hashlib.sha256(body).digest()}
    assert put[f"Checksum{algorithm}"] == base64.b64encode(digest[algorithm]).decode()
    got = s3.get_object(Bucket="bucket", Key="k", ChecksumMode="ENABLED")
    assert (got["Body"].read(), got[f"Checksum{algorithm}"]) == (body, put[f"Checksum{algorithm}"])
    assert "ContentEncoding" not in got
    (stored,) = [path for path in (world.folder / ".provision/objects").iterdir() if path.name != ".gitignore"]
    assert stored.read_bytes() == body


def test_a_body_that_differs_from_its_checksum_is_not_stored(s3, bucket):
    for arguments in ({"ChecksumSHA256": base64.b64encode(bytes(32)).decode()}, {"ContentMD5": base64.b64encode(bytes(16)).decode()}):
        check_error(lambda: s3.put_object(Bucket=bucket, Key="k", Body=b"x", **arguments), "BadDigest", 400)
    assert keys(s3.list_objects_v2(Bucket=bucket)) == []


def test_conditions_of_uploads_hold(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    check_error(lambda: s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*"), "PreconditionFailed", 412)
    s3.put_object(Bucket=bucket, Key="k", Body=b"3", IfMatch=etag)
    check_error(lambda: s3.put_object(Bucket=bucket, Key="k", Body=b"4", IfMatch=etag), "PreconditionFailed", 412)
    assert get(s3, bucket, "k") == b"3"


def test_lists_have_prefixes_groups_and_pages(s3, bucket):
    for key in ("a", "d/1", "d/2", "e/ü +", "f"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
    assert [keys(page) for page in pages] == [["a", "d/1"], ["d/2", "e/ü +"], ["f"]]
    grouped = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert keys(grouped) == ["a", "f"]
    assert [group["Prefix"] for group in grouped["CommonPrefixes"]] == ["d/", "e/"]
    within = s3.list_objects_v2(Bucket=bucket, Prefix="d/", StartAfter="d/1")
    (item,) = within["Contents"]
    assert (item["Key"], item["Size"], item["StorageClass"]) == ("d/2", 3, "STANDARD")
    assert item["ETag"] == f'"{hashlib.md5(b"d/2").hexdigest()}"'
    check_error(lambda: s3.list_objects_v2(Bucket="none"), "NoSuchBucket", 404)


@pytest.mark.parametrize("bucket, key", [("event", "realtime"), ("apis", "x/event"), ("apis", "x/event/realtime")])
def test_buckets_and_keys_may_be_named_like_other_paths_of_the_emulator(s3, bucket, key):
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=LOCATION)
    s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    assert get(s3, bucket, key) == b"x"


@pytest.mark.parametrize("signature", ["s3", "s3v4"])
def test_a_presigned_url_needs_no_other_signature(world, bucket, signature):
    s3 = boto3.client(
        "s3", region_name=REGION, endpoint_url=world.url, config=botocore.config.Config(signature_version=signature), **CREDENTIALS,
    )
    url = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "k"})
    urllib.request.urlopen(urllib.request.Request(url, data=b"x", method="PUT"))
    url = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k", "ResponseContentType": "text/y"})
    with urllib.request.urlopen(url) as got:
        assert (got.read(), got.headers["content-type"]) == (b"x", "text/y")


def test_the_host_may_name_the_bucket(world, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    port = world.url.rsplit(":", 1)[1]
    request = urllib.request.Request(
        f"{world.url}/k", headers={"Host": f"bucket.localhost:{port}", "Authorization": (
            f"AWS4-HMAC-SHA256 Credential=local/20261201/{REGION}/s3/aws4_request, SignedHeaders=host, Signature=0")})
    assert urllib.request.urlopen(request).read() == b"x"


def test_objects_survive_a_restart(tmp_path):
    first = World(tmp_path)
    first.client("s3").create_bucket(Bucket="bucket", CreateBucketConfiguration=LOCATION)
    for body in (b"1", b"2"):
        first.client("s3").put_object(Bucket="bucket", Key="k", Body=body)
    first.stop()
    second = World(tmp_path)
    assert get(second.client("s3"), "bucket", "k") == b"2"
    assert len([path for path in (tmp_path / ".provision/objects").iterdir() if path.name != ".gitignore"]) == 1
    second.stop()


def test_what_is_not_implemented_is_rejected_by_name(s3, bucket):
    for call, text in [
        (lambda: s3.create_multipart_upload(Bucket=bucket, Key="k"), "s3:CreateMultipartUpload"),
        (lambda: s3.copy_object(Bucket=bucket, Key="k", CopySource="bucket/l"), "s3:CopyObject"),
        (lambda: s3.list_objects(Bucket=bucket), "s3:ListObjects"),
        (lambda: s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}), "s3:PutBucketVersioning"),
        (lambda: s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k"}]}), "s3:DeleteObjects"),
        (lambda: s3.put_object(Bucket=bucket, Key="k", Body=b"", Tagging="a=b"), "s3:PutObject with x-amz-tagging"),
    ]:
        check_error(call, "NotImplementedException", 501, f"does not support {text}")


def test_faults_and_the_call_log_know_the_operations(world, s3, bucket, faults):
    faults(rules=[{"on": "PutObject", "service": "s3", "fault": "throttle", "times": 1},
                  {"on": "PutObject", "fault": "fail-after", "after": 1, "times": 1}])
    check_error(lambda: s3.put_object(Bucket=bucket, Key="k", Body=b""), "SlowDown", 503)
    check_error(lambda: s3.put_object(Bucket=bucket, Key="k", Body=b"1"), "InternalError", 500)
    assert get(s3, bucket, "k") == b"1"
    s3.delete_object(Bucket=bucket, Key="k")
    assert [(call["service"], call["operation"], call["status"], call.get("fault")) for call in log(world)[1:]] == [
        ("s3", "PutObject", 503, "throttle"), ("s3", "PutObject", 500, "fail-after"), ("s3", "GetObject", 200, None),
        ("s3", "DeleteObject", 204, None)]


def test_the_bucket_of_the_cdk_bootstrap_exists_from_the_start(s3):
    assert s3.get_bucket_location(Bucket=ASSETS)["LocationConstraint"] == REGION
    assert keys(s3.list_objects_v2(Bucket=ASSETS, Prefix="x", MaxKeys=1)) == []
    assert s3.list_buckets()["Buckets"] == []
    s3.put_object(Bucket=ASSETS, Key="k", Body=b"x", ExpectedBucketOwner=ACCOUNT)
    assert keys(s3.list_objects_v2(Bucket=ASSETS)) == ["k"]
    assert [listed["Name"] for listed in s3.list_buckets()["Buckets"]] == [ASSETS]
    check_error(lambda: s3.delete_bucket(Bucket=ASSETS), "NotImplementedException", 501, ASSETS)


def test_the_cli_copies_lists_and_deletes(world):
    def aws(*arguments):
        environment = {**world.environment, "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": world.url}
        command = [sys.executable, "-m", "awscli", "s3", *arguments]
        done = subprocess.run(command, env=environment, cwd=world.folder, text=True, capture_output=True)
        return done.returncode, done.stdout + done.stderr

    world.write("template.yaml", "Resources: {}\n")
    assert aws("mb", "s3://bucket")[0] == 0
    assert aws("cp", "template.yaml", "s3://bucket/a/template.yaml")[0] == 0
    assert aws("cp", "s3://bucket/a/template.yaml", "-") == (0, "Resources: {}\n")
    assert "14 template.yaml" in aws("ls", "s3://bucket/a/")[1]
    assert "PRE a/" in aws("ls", "s3://bucket")[1]
    assert aws("rb", "s3://bucket")[0] == 1
    assert aws("rm", "s3://bucket", "--recursive")[0] == 0
    assert aws("rb", "s3://bucket")[0] == 0
    (world.folder / "large").write_bytes(bytes(9 << 20))
    assert aws("mb", "s3://bucket")[0] == 0
    code, text = aws("cp", "large", "s3://bucket/large")
    assert code == 1 and "does not support s3:CreateMultipartUpload" in text
