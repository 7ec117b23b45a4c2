"""How Google's services say no."""


# Services whose errors are a list, each with a reason.
OLDER = ("compute", "storage")


class Refused(Exception):
    """An answer that is an error. `reason` is storage's word for it, where that differs."""

    def __init__(self, code, status, message, *, reason="invalid", details=(), headers=None):
        super().__init__(message)
        self.code, self.status, self.message = code, status, message
        self.reason, self.details, self.headers = reason, list(details), headers or {}

    def body(self, service):
        """The error in the words of a service: storage has its own form, and sts OAuth's."""
        if service == "sts":
            return {"error": self.reason, "error_description": self.message}
        error = {"code": self.code, "message": self.message}
        if service in OLDER or (service == "iam" and self.code == 404):
            reason = "notFound" if self.code == 404 else self.reason
            error["errors"] = [{"message": self.message, "domain": "global", "reason": reason}]
        if service != "storage" and (service not in OLDER or self.details):
            error["status"] = self.status
            if self.details:
                error["details"] = self.details
        return {"error": error}


def error_info(reason, domain, metadata):
    """The detail by which programs tell errors apart."""
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason, "domain": domain, "metadata": metadata,
    }  # fmt: skip


def invalid(message):
    return Refused(400, "INVALID_ARGUMENT", message)


def not_found(message):
    return Refused(404, "NOT_FOUND", message, reason="notFound")


def exists(message="Requested entity already exists"):
    return Refused(409, "ALREADY_EXISTS", message, reason="conflict")


def failed_precondition(message):
    return Refused(400, "FAILED_PRECONDITION", message)


def unauthenticated():
    message = (
        "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential."
    )
    return Refused(401, "UNAUTHENTICATED", message, reason="authError")


def denied(permission, resource, member, service):
    """The refusal that names the permission, as each service words it."""
    if service == "storage":
        who = member.split(":", 1)[-1]
        message = (
            f"{who} does not have {permission} access to the Google Cloud Storage {resource}. "
            f"Permission '{permission}' denied on resource (or it may not exist)."
        )
        return Refused(403, "PERMISSION_DENIED", message, reason="forbidden")
    if service == "compute":
        message = f"Required '{permission}' permission for '{resource}'"
        return Refused(403, "PERMISSION_DENIED", message, reason="forbidden")
    message = f"Permission '{permission}' denied on resource '//{service}.googleapis.com/{resource}' (or it may not exist)."
    metadata = {"permission": permission, "resource": resource}
    details = [error_info("IAM_PERMISSION_DENIED", f"{service}.googleapis.com", metadata)]
    return Refused(403, "PERMISSION_DENIED", message, details=details)


def disabled(host, number):
    where = f"https://console.developers.google.com/apis/api/{host}/overview?project={number}"
    message = (
        f"{host} API has not been used in project {number} before or it is disabled. Enable it by visiting {where} then retry. "
        "If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry."
    )
    metadata = {"service": host, "consumer": f"projects/{number}", "activationUrl": where}
    details = [error_info("SERVICE_DISABLED", "googleapis.com", metadata)]
    return Refused(403, "PERMISSION_DENIED", message, reason="accessNotConfigured", details=details)
