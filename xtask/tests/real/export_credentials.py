"""`aws configure export-credentials`, which version 1 of the AWS CLI lacks, made of its own botocore.

What asks for MFA codes, takes roles, reads the sign-in of `aws sso login` and keeps what
it was given is the code of the AWS CLI; only the command around it is not.
"""

import json
import os
import sys

from botocore.session import Session
from botocore.utils import JSONFileCache

if sys.argv[1:] != ["configure", "export-credentials", "--format", "process"]:
    sys.exit(f"aws: [ERROR]: this stand-in does nothing but export credentials: {sys.argv[1:]}")
session = Session()
cache = JSONFileCache(os.path.expanduser("~/.aws/cli/cache"))
for name in ["assume-role", "sso"]:
    session.get_component("credential_provider").get_provider(name).cache = cache
try:
    found = session.get_credentials()
    keys = found.get_frozen_credentials()
except Exception as error:
    sys.exit(f"\naws: [ERROR]: {error}")
exported = {"Version": 1, "AccessKeyId": keys.access_key, "SecretAccessKey": keys.secret_key}
if keys.token:
    exported["SessionToken"] = keys.token
    exported["Expiration"] = found._expiry_time.isoformat()
print(json.dumps(exported))
