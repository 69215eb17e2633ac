"""What moto leaves out of signing in to AWS.

MFA codes: six digits, each accepted once, none that begins with 9; a role is not
given to the stored keys without one. And the portal of IAM Identity Center, where
whoever starts a sign-in is taken to approve it at once.

Both are steered by files in the folder that the process was given: `mfa` turns the
codes on, `sign-out` ends every session of the portal. What happened is in `codes`
and in `sign-ins`, a line each.
"""

import json
import os
import re
import threading
import time
from urllib.parse import parse_qs, urlsplit

from moto.sts.models import sts_backends

REFUSED = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
ACCOUNTS = {
    "logs": "100000000001",
    "shared": "100000000002",
    "security": "100000000003",
    "dev": "100000000004",
    "stage": "100000000005",
    "prod": "100000000006",
}
ROLES = ["AdministratorAccess", "AWSReadOnlyAccess"]
DENIED = "User: arn:aws:iam::111111111111:user/me is not authorized to perform: sts:AssumeRole on resource: "


class SignIn:
    def __init__(self, folder):
        self.folder = folder
        self.lock = threading.Lock()
        self.used = set()
        self.tokens = {"of-aws-sso-login"}
        self.n_tokens = 0

    def answer(self, host, path, headers, body):
        """The answer to a request, or `None` where moto has one."""
        name = urlsplit(host).hostname or ""
        with self.lock:
            if name.startswith("sts."):
                return self.sts(headers, body)
            if name.startswith("oidc."):
                return self.oidc(path)
            if name.startswith("portal.sso."):
                return self.portal(path, headers)
        return None

    def sts(self, headers, body):
        text = body.decode() if isinstance(body, bytes) else body or ""
        asked = {key: values[0] for key, values in parse_qs(text, keep_blank_values=True).items()}
        if not os.path.exists(os.path.join(self.folder, "mfa")):
            return None
        if "TokenCode" not in asked:
            if asked.get("Action") == "AssumeRole" and "X-Amz-Security-Token" not in headers:
                return refusal("AccessDenied", DENIED + asked["RoleArn"])
            return None
        code = asked["TokenCode"]
        if not re.fullmatch("[0-9]{6}", code):
            self.note("codes", f"malformed {code}")
            return refusal("ValidationError", f"1 validation error detected: Value '{code}' at 'tokenCode' failed to satisfy constraint")
        if code in self.used or code.startswith("9"):
            self.note("codes", f"refused {code}")
            return refusal("AccessDenied", REFUSED)
        self.used.add(code)
        self.note("codes", f"accepted {code} {asked['Action']}")
        return None

    def oidc(self, path):
        now = int(time.time())
        if path == "/client/register":
            return document({"clientId": "c", "clientSecret": "s", "clientIdIssuedAt": now, "clientSecretExpiresAt": now + 3600})
        if path == "/device_authorization":
            url = "https://device.sso.us-east-1.amazonaws.com/"
            return document({"deviceCode": "d", "userCode": "AAAA-BBBB", "verificationUri": url, "verificationUriComplete": url + "?user_code=AAAA-BBBB", "expiresIn": 600, "interval": 1})
        if path == "/token":
            self.n_tokens += 1
            token = f"token-{self.n_tokens}"
            self.sign_out_if_asked()
            self.tokens.add(token)
            self.note("sign-ins", token)
            return document({"accessToken": token, "tokenType": "Bearer", "expiresIn": 28800})
        return 404, {}, b""

    def portal(self, path, headers):
        self.sign_out_if_asked()
        if headers.get("x-amz-sso_bearer_token") not in self.tokens:
            error = {"x-amzn-ErrorType": "UnauthorizedException"}
            return document({"message": "Session token not found or invalid"}, 401, error)
        asked = {key: values[0] for key, values in parse_qs(urlsplit(path).query).items()}
        if urlsplit(path).path == "/assignment/accounts":
            one = lambda name, account: {"accountId": account, "accountName": name, "emailAddress": f"{name}@acme.test"}
            return document({"accountList": [one(*account) for account in ACCOUNTS.items()]})
        if urlsplit(path).path == "/assignment/roles":
            return document({"roleList": [{"accountId": asked["account_id"], "roleName": role} for role in ROLES]})
        account, role = asked["account_id"], asked["role_name"]
        given = sts_backends[account]["aws"].assume_role(
            region_name="us-east-1",
            role_session_name="me",
            role_arn=f"arn:aws:iam::{account}:role/{role}",
            policy=None,
            duration=3600,
            external_id=None,
        )
        return document({"roleCredentials": {
            "accessKeyId": given.access_key_id,
            "secretAccessKey": given.secret_access_key,
            "sessionToken": given.session_token,
            "expiration": int((time.time() + 3600) * 1000),
        }})

    def sign_out_if_asked(self):
        file = os.path.join(self.folder, "sign-out")
        if os.path.exists(file):
            os.remove(file)
            self.tokens.clear()

    def note(self, name, line):
        with open(os.path.join(self.folder, name), "a") as file:
            file.write(line + "\n")


def document(answer, status=200, headers=None):
    return status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(answer)


def refusal(code, message):
    text = f'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>0</RequestId></ErrorResponse>'
    return 403, {"Content-Type": "text/xml"}, text
