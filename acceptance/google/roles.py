"""What the predefined roles allow, as far as the data plane meets them: written from Google's list of roles, not published
in any description, so this table is ours."""

import fnmatch


def each(kind, verbs):
    """`storage.objects.get` and so on."""
    return [f"{kind}.{verb}" for verb in verbs.split()]


READ_ACCOUNTS = each("iam.serviceAccounts", "get list")
TOKENS = each("iam.serviceAccounts", "getAccessToken getOpenIdToken")
SIGNATURES = each("iam.serviceAccounts", "signBlob signJwt implicitDelegation")
PULL = [
    *each("artifactregistry.repositories", "get list downloadArtifacts"),
    *(f"artifactregistry.{kind}.{verb}" for kind in ("packages", "versions", "tags", "files", "dockerimages") for verb in ("get", "list")),
]
PUSH = [*PULL, "artifactregistry.repositories.uploadArtifacts", *each("artifactregistry.tags", "create update")]
OBJECTS = each("storage.objects", "create delete list restore")

PREDEFINED = {
    "roles/owner": ["*"],
    "roles/artifactregistry.admin": ["artifactregistry.*"],
    "roles/artifactregistry.reader": PULL,
    "roles/artifactregistry.repoAdmin": [*PUSH, "artifactregistry.repositories.deleteArtifacts", "artifactregistry.*.delete"],
    "roles/artifactregistry.writer": PUSH,
    "roles/cloudkms.cryptoKeyEncrypterDecrypter": each("cloudkms.cryptoKeyVersions", "useToEncrypt useToDecrypt"),
    "roles/compute.networkAdmin": [
        "compute.addresses.*", "compute.globalAddresses.*", "compute.forwardingRules.*", "compute.globalForwardingRules.*",
        "compute.serviceAttachments.*", *each("compute.networks", "get list use"), *each("compute.subnetworks", "get list use"),
        *each("compute", "regionOperations.get globalOperations.get"),
    ],  # fmt: skip
    "roles/container.clusterViewer": [*each("container.clusters", "get list"), "resourcemanager.projects.get"],
    "roles/container.developer": ["container.*"],
    "roles/iam.serviceAccountAdmin": [
        *READ_ACCOUNTS,
        *each("iam.serviceAccounts", "create update delete undelete enable disable getIamPolicy setIamPolicy"),
    ],
    "roles/iam.serviceAccountTokenCreator": [*READ_ACCOUNTS, *TOKENS, *SIGNATURES],
    "roles/iam.serviceAccountUser": [*READ_ACCOUNTS, "iam.serviceAccounts.actAs"],
    "roles/iam.workloadIdentityUser": [*READ_ACCOUNTS, *TOKENS],
    "roles/logging.admin": ["logging.*"],
    "roles/logging.bucketWriter": ["logging.buckets.write"],
    "roles/logging.logWriter": each("logging.logEntries", "create route"),
    "roles/logging.viewAccessor": [
        *each("logging.views", "access listLogs listResourceKeys listResourceValues"),
        "logging.logEntries.download",
    ],
    "roles/logging.viewer": [
        *each("logging.buckets", "get list"), *each("logging.views", "get list"), "logging.logEntries.list", "logging.logs.list",
    ],  # fmt: skip
    "roles/resourcemanager.projectIamAdmin": each("resourcemanager.projects", "get getIamPolicy setIamPolicy"),
    "roles/secretmanager.admin": ["secretmanager.*"],
    "roles/secretmanager.secretAccessor": ["secretmanager.versions.access"],
    "roles/secretmanager.secretVersionAdder": ["secretmanager.versions.add"],
    "roles/secretmanager.secretVersionManager": each("secretmanager.versions", "add destroy disable enable get list"),
    "roles/secretmanager.viewer": [
        *each("secretmanager.secrets", "get list getIamPolicy"), *each("secretmanager.versions", "get list"),
    ],  # fmt: skip
    "roles/storage.admin": ["storage.*"],
    "roles/storage.bucketViewer": each("storage.buckets", "get list"),
    "roles/storage.legacyBucketOwner": [*each("storage.buckets", "get getIamPolicy setIamPolicy update"), *OBJECTS],
    "roles/storage.legacyBucketReader": ["storage.buckets.get", "storage.objects.list"],
    "roles/storage.legacyBucketWriter": ["storage.buckets.get", *OBJECTS],
    "roles/storage.legacyObjectOwner": each("storage.objects", "get getIamPolicy setIamPolicy update"),
    "roles/storage.legacyObjectReader": ["storage.objects.get"],
    "roles/storage.objectAdmin": each("storage", "objects.* multipartUploads.* folders.* managedFolders.*"),
    "roles/storage.objectCreator": [
        "storage.objects.create", "storage.folders.create", *each("storage.multipartUploads", "create abort"),
    ],  # fmt: skip
    "roles/storage.objectUser": [
        *OBJECTS, *each("storage.objects", "get update move"), *each("storage", "multipartUploads.* folders.*"),
    ],  # fmt: skip
    "roles/storage.objectViewer": [*each("storage.objects", "get list"), *each("storage.folders", "get list")],
}

# What a project's owner may not do without a grant on the service account itself.
NOT_THE_OWNERS = {*TOKENS, *SIGNATURES}

# Whose roles a policy of each service takes; a project's takes all but those that are of buckets alone.
SUPPORTED = {
    "artifactregistry": "roles/artifactregistry.",
    "iam": "roles/iam.",
    "secretmanager": "roles/secretmanager.",
    "storage": "roles/storage.",
}


def known(role):
    return role in PREDEFINED


def supported(role, service):
    """Whether a policy of this service takes a role; custom roles, every one does."""
    if role.startswith("roles/storage.legacy") and service != "storage":
        return False
    return role.startswith("projects/") or role.startswith(SUPPORTED.get(service, "roles/"))


def grants(role, permission, custom):
    """Whether a role has a permission. `custom` has the permissions of custom roles."""
    if role == "roles/owner" and permission in NOT_THE_OWNERS:
        return False
    patterns = PREDEFINED.get(role) or custom.get(role, ())
    return any(fnmatch.fnmatchcase(permission, pattern) for pattern in patterns)
