"""What the predefined roles allow, as far as the data plane meets them: written from Google's list of roles, not published
in any description, so this table is ours."""

import fnmatch

OBJECTS_ADMIN = ["storage.objects.*", "storage.multipartUploads.*", "storage.folders.*", "storage.managedFolders.*"]
OBJECTS_USER = [
    *(f"storage.objects.{verb}" for verb in ("create", "delete", "get", "list", "update", "restore", "move")),
    "storage.multipartUploads.*", "storage.folders.*",
]  # fmt: skip
PULL = [
    *(f"artifactregistry.{kind}.{verb}" for kind in ("repositories", "packages", "versions", "tags", "files", "dockerimages") for verb in ("get", "list")),
    "artifactregistry.repositories.downloadArtifacts",
]  # fmt: skip
PUSH = [*PULL, "artifactregistry.repositories.uploadArtifacts", "artifactregistry.tags.create", "artifactregistry.tags.update"]
READ_ACCOUNTS = ["iam.serviceAccounts.get", "iam.serviceAccounts.list"]
TOKENS = ["iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.getOpenIdToken"]

PREDEFINED = {
    "roles/owner": ["*"],
    "roles/artifactregistry.admin": ["artifactregistry.*"],
    "roles/artifactregistry.reader": PULL,
    "roles/artifactregistry.repoAdmin": [*PUSH, "artifactregistry.repositories.deleteArtifacts", "artifactregistry.*.delete"],
    "roles/artifactregistry.writer": PUSH,
    "roles/cloudkms.cryptoKeyEncrypterDecrypter": ["cloudkms.cryptoKeyVersions.useToEncrypt", "cloudkms.cryptoKeyVersions.useToDecrypt"],
    "roles/container.clusterViewer": ["container.clusters.get", "container.clusters.list", "resourcemanager.projects.get"],
    "roles/container.developer": ["container.*"],
    "roles/iam.serviceAccountAdmin": [*READ_ACCOUNTS, *(f"iam.serviceAccounts.{verb}" for verb in ("create", "update", "delete", "undelete", "enable", "disable", "getIamPolicy", "setIamPolicy"))],
    "roles/iam.serviceAccountTokenCreator": [*READ_ACCOUNTS, *TOKENS, "iam.serviceAccounts.signBlob", "iam.serviceAccounts.signJwt", "iam.serviceAccounts.implicitDelegation"],
    "roles/iam.serviceAccountUser": [*READ_ACCOUNTS, "iam.serviceAccounts.actAs"],
    "roles/iam.workloadIdentityUser": [*READ_ACCOUNTS, *TOKENS],
    "roles/logging.admin": ["logging.*"],
    "roles/logging.bucketWriter": ["logging.buckets.write"],
    "roles/logging.logWriter": ["logging.logEntries.create", "logging.logEntries.route"],
    "roles/logging.viewAccessor": ["logging.views.access", "logging.views.listLogs", "logging.views.listResourceKeys", "logging.views.listResourceValues", "logging.logEntries.download"],
    "roles/logging.viewer": ["logging.logEntries.list", "logging.logs.list", "logging.buckets.get", "logging.buckets.list", "logging.views.get", "logging.views.list"],
    "roles/secretmanager.admin": ["secretmanager.*"],
    "roles/secretmanager.secretAccessor": ["secretmanager.versions.access"],
    "roles/secretmanager.secretVersionAdder": ["secretmanager.versions.add"],
    "roles/secretmanager.secretVersionManager": [f"secretmanager.versions.{verb}" for verb in ("add", "destroy", "disable", "enable", "get", "list")],
    "roles/secretmanager.viewer": [f"secretmanager.{what}" for what in ("secrets.get", "secrets.list", "secrets.getIamPolicy", "versions.get", "versions.list")],
    "roles/storage.admin": ["storage.*"],
    "roles/storage.bucketViewer": ["storage.buckets.get", "storage.buckets.list"],
    "roles/storage.legacyBucketOwner": [*(f"storage.buckets.{verb}" for verb in ("get", "getIamPolicy", "setIamPolicy", "update")), *(f"storage.objects.{verb}" for verb in ("create", "delete", "list", "restore"))],
    "roles/storage.legacyBucketReader": ["storage.buckets.get", "storage.objects.list"],
    "roles/storage.legacyBucketWriter": ["storage.buckets.get", *(f"storage.objects.{verb}" for verb in ("create", "delete", "list", "restore"))],
    "roles/storage.legacyObjectOwner": [f"storage.objects.{verb}" for verb in ("get", "getIamPolicy", "setIamPolicy", "update")],
    "roles/storage.legacyObjectReader": ["storage.objects.get"],
    "roles/storage.objectAdmin": OBJECTS_ADMIN,
    "roles/storage.objectCreator": ["storage.objects.create", "storage.multipartUploads.create", "storage.multipartUploads.abort", "storage.folders.create"],
    "roles/storage.objectUser": OBJECTS_USER,
    "roles/storage.objectViewer": ["storage.objects.get", "storage.objects.list", "storage.folders.get", "storage.folders.list"],
}  # fmt: skip

# What a project's owner may not do without a grant on the service account itself.
NOT_THE_OWNERS = {
    "iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.getOpenIdToken", "iam.serviceAccounts.signBlob",
    "iam.serviceAccounts.signJwt", "iam.serviceAccounts.implicitDelegation",
}  # fmt: skip

# Whose roles a policy of each service takes; a project's takes all.
SUPPORTED = {
    "artifactregistry": ("roles/artifactregistry.",),
    "iam": ("roles/iam.",),
    "secretmanager": ("roles/secretmanager.",),
    "storage": ("roles/storage.",),
}


def known(role):
    return role in PREDEFINED


def supported(role, service):
    """Whether a policy of this service takes a role; custom roles, every one does."""
    return role.startswith("projects/") or role.startswith(SUPPORTED.get(service, ("roles/",)))


def grants(role, permission, custom):
    """Whether a role has a permission. `custom` has the permissions of custom roles."""
    if role == "roles/owner" and permission in NOT_THE_OWNERS:
        return False
    patterns = PREDEFINED.get(role) or custom.get(role, ())
    return any(fnmatch.fnmatchcase(permission, pattern) for pattern in patterns)
