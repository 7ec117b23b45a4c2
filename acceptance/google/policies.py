"""IAM policies: read, modified, and written back with the etag that was read; a stale one is refused."""

import base64
import collections
import copy
import hashlib
import re

import conditions
import roles
from errors import Refused, invalid

UNTOUCHED = "ACAB"
EMAIL = re.compile(r"serviceAccount:([^\s\[\]]+@[^\s\[\]]+)")
DELETED = re.compile(r"deleted:serviceAccount:([^\s?]+)\?uid=(\d+)")
GKE = re.compile(r"serviceAccount:([a-z0-9.:-]+\.svc\.id\.goog)\[([^/\]]+)/([^/\]]+)\]")
OTHERS = re.compile(
    r"allUsers|allAuthenticatedUsers|(user|group|domain|projectOwner|projectEditor|projectViewer):\S+"
    r"|principal(Set)?://iam\.googleapis\.com/projects/\d+/locations/global/workloadIdentityPools/[^/\s]+/\S+"
)
# https://cloud.google.com/iam/quotas: members in all bindings of a policy, groups and domains among them, bindings that differ
# in nothing but their condition, and logical operators in one.
MOST_MEMBERS = 1500
MOST_GROUPS = 250
MOST_ALIKE = 20
MOST_OPERATORS = 12
BASIC = {"roles/owner", "roles/editor", "roles/viewer"}
PUBLIC = {"allUsers", "allAuthenticatedUsers"}


def bucket_etag(metageneration):
    """As Cloud Storage writes it: `CAE=` for 1."""
    number, encoded = int(metageneration), bytearray(b"\x08")
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return base64.b64encode(encoded).decode()


class Policies:
    """The policies of all resources, by (service, name)."""

    def __init__(self, store):
        self.store = store
        self.stored = {}
        # The permissions of custom roles by their names.
        self.custom_roles = {}

    def bindings(self, key):
        return self.stored.get(key, {}).get("bindings", [])

    def give(self, key, role, members):
        """A binding that is there without anybody having written it."""
        policy = self.stored.setdefault(key, {"version": 1, "etag": self.store.etag(), "bindings": []})
        policy["bindings"].append({"role": role, "members": list(members)})

    def forget(self, key):
        self.stored.pop(key, None)

    def read(self, key, version):
        """The policy as a reader of this version sees it."""
        policy = copy.deepcopy(self.stored.get(key, {"etag": UNTOUCHED}))
        if key[0] == "storage":
            policy["etag"] = bucket_etag(self.store.get(*key).value["metageneration"])
        if version not in (0, 1, 3):
            raise invalid(f"Requested policy version ({version}) is not one of 0, 1 and 3.")
        if version < 3 and any("condition" in binding for binding in policy.get("bindings", [])):
            if key[0] == "storage":
                message = f"Requested policy version ({version}) cannot be less than the existing policy version (3)."
                raise Refused(400, "INVALID_ARGUMENT", message)
            policy["version"] = 1
            for binding in policy["bindings"]:
                if condition := binding.pop("condition", None):
                    binding["role"] += "_withcond_" + hashlib.sha1(condition["expression"].encode()).hexdigest()[:20]
        return policy

    def write(self, key, given, violations):
        """Replaces a policy and returns the new one."""
        current = self.read(key, 3)
        if "etag" not in given:
            # Google overwrites; ours never should.
            violations.append(f"the policy of {key[1]} is written without an etag: a change by others would be lost")
        elif given["etag"] != current["etag"]:
            raise self._stale(key)
        bindings = [self._checked(key, binding, current) for binding in given.get("bindings", []) if binding.get("members")]
        conditional = any("condition" in binding for binding in bindings)
        if given.get("version", 0) not in (0, 1, 3):
            raise invalid(f"Invalid policy version ({given['version']}).")
        self._check_size(bindings)
        stays_conditional = any("condition" in binding for binding in current.get("bindings", []))
        if (conditional or stays_conditional) and given.get("version") != 3:
            raise invalid("The policy has conditional role bindings: its version must be 3.")
        self.stored[key] = {"version": 3 if conditional else 1, "etag": self.store.etag(), "bindings": bindings}
        if key[0] == "storage":
            self._touch_bucket(key)
        return self.read(key, 3)

    def modified_roles(self, key, given):
        """The roles that somebody gets or loses, or under another condition, where this policy is written."""

        def grants(bindings):
            told = (
                (binding.get("role"), member, binding.get("condition", {}).get("expression"))
                for binding in bindings
                for member in binding.get("members", [])
            )
            return set(told)

        changed = grants(self.bindings(key)) ^ grants(given.get("bindings", []))
        return sorted({role for role, _, _ in changed})

    def account_deleted(self, email, unique_id):
        self._rename(f"serviceAccount:{email}", f"deleted:serviceAccount:{email}?uid={unique_id}")

    def account_undeleted(self, email, unique_id):
        self._rename(f"deleted:serviceAccount:{email}?uid={unique_id}", f"serviceAccount:{email}")

    def _rename(self, old, new):
        for policy in self.stored.values():
            for binding in policy["bindings"]:
                binding["members"] = [new if member == old else member for member in binding["members"]]

    def _stale(self, key):
        if key[0] == "storage":
            return Refused(412, "FAILED_PRECONDITION", "Precondition Failed", reason="conditionNotMet")
        message = "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff."
        return Refused(409, "ABORTED", message)

    def _touch_bucket(self, key):
        # The policy is part of a bucket's metadata, and both etags are written after its metageneration.
        bucket = self.store.get(*key).value
        bucket["metageneration"] = str(int(bucket["metageneration"]) + 1)
        bucket["etag"] = bucket_etag(bucket["metageneration"])

    @staticmethod
    def _check_size(bindings):
        """Every appearance of a member counts, of a group the first."""
        members = [member for binding in bindings for member in binding["members"]]
        groups = {member for member in members if member.startswith("group:")}
        size = len([member for member in members if member not in groups]) + len(groups)
        if size > MOST_MEMBERS:
            raise invalid(f"The number of members in the policy ({size:,}) is larger than the maximum allowed size {MOST_MEMBERS:,}.")
        if len(groups) + len([member for member in members if member.startswith("domain:")]) > MOST_GROUPS:
            raise invalid(f"The policy has more than {MOST_GROUPS} groups and domains.")
        alike = collections.Counter((binding["role"], member) for binding in bindings for member in set(binding["members"]))
        if any(count > MOST_ALIKE for count in alike.values()):
            raise invalid(f"At most {MOST_ALIKE} bindings may have the same role and the same member and another condition.")

    def _checked(self, key, binding, current):
        role = binding.get("role", "")
        is_known = roles.known(role) or role in self.custom_roles
        if not is_known or not roles.supported(role, key[0]):
            raise invalid(f"Role {role} is not supported for this resource.")
        if condition := binding.get("condition"):
            if role in BASIC:
                raise invalid(f"The basic role {role} cannot be bound under a condition.")
            self._check_condition(key, condition)
        known_before = {member for other in current.get("bindings", []) for member in other["members"]}
        for member in binding["members"]:
            self._check_member(key, member, member in known_before)
        return copy.deepcopy(binding)

    def _check_condition(self, key, condition):
        if not condition.get("title"):
            raise invalid("A condition needs a title.")
        try:
            conditions.parse(condition.get("expression", ""))
        except conditions.NotUnderstood as why:
            raise invalid(f"The condition's expression could not be parsed: {why}.") from why
        operators = re.findall(r"&&|\|\||!(?!=)", re.sub(r"""\"[^\"]*\"|'[^']*'""", "", condition["expression"]))
        if len(operators) > MOST_OPERATORS:
            raise invalid(f"The condition's expression has more than {MOST_OPERATORS} logical operators.")
        if key[0] == "storage":
            access = self.store.get(*key).value["iamConfiguration"]["uniformBucketLevelAccess"]
            if not access["enabled"]:
                raise invalid("Conditions need uniform bucket-level access to be enabled on the bucket.")

    def _check_member(self, key, member, known_before):
        if found := DELETED.fullmatch(member):
            if not known_before:
                raise invalid(f"Invalid member: {member}")
        elif found := GKE.fullmatch(member):
            if not self._has_identity_pool(found[1]):
                raise invalid(
                    f"Identity Pool does not exist ({found[1]}). Please check that you specified a valid resource name as "
                    "returned in the `name` attribute in the configuration API."
                )
        elif found := EMAIL.fullmatch(member):
            if not self._account_is_known(found[1]):
                raise invalid(f"Service account {found[1]} does not exist.")
        elif not OTHERS.fullmatch(member):
            raise invalid(f"Invalid member: {member}")
        elif member in PUBLIC and key[0] == "storage":
            if self.store.get(*key).value["iamConfiguration"]["publicAccessPrevention"] == "enforced":
                message = "The member bindings allUsers and allAuthenticatedUsers are not allowed since public access prevention is enforced."
                raise Refused(412, "FAILED_PRECONDITION", message, reason="conditionNotMet")

    def _has_identity_pool(self, pool):
        clusters = (resource.value for (service, _), resource in self.store.resources.items() if service == "container")
        return any(cluster.get("workloadIdentityConfig", {}).get("workloadPool") == pool for cluster in clusters)

    def _account_is_known(self, email):
        project = email.split("@")[1].split(".")[0]
        account = self.store.get("iam", f"projects/{project}/serviceAccounts/{email}")
        if account is None:
            return False
        if account.hidden["unknown_for"] > 0:
            account.hidden["unknown_for"] -= 1
            return False
        return True
