#!/usr/bin/env bash
# Installs what the acceptance tests and the demo start, under a cache outside the checkout, and writes its paths to
# $cache/env. Run it as often as you like: what is there already is not made again.
#
#   acceptance/setup/install.sh         API server, emulators, checkers
#   acceptance/setup/install.sh node    the above, and what a real node needs (root, Debian)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${DATAPLANE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/dataplane}
kubernetes=v1.36.2
kwok=v0.8.0

say() { printf '%s\n' "setup: $*" >&2; }
fail() { printf '%s\n' "setup: $*" >&2; exit 1; }
digest() { cat "$@" | sha256sum | cut -c1-16; }

need() { command -v "$1" >/dev/null || fail "$1 is not on PATH: $2"; }

check_terraform() {
  need terraform "install Terraform 1.11 or newer (https://developer.hashicorp.com/terraform/install) and run this again"
  local version
  version=$(TF_CLI_CONFIG_FILE=/dev/null CHECKPOINT_DISABLE=1 terraform version | sed -n '1s/^Terraform v//p')
  [ "$(printf '%s\n1.11.0\n' "$version" | sort -V | head -n 1)" = 1.11.0 ] ||
    fail "terraform on PATH is $version: the provider needs write-only arguments, so install Terraform 1.11 or newer"
}

# Two tests on the stand-in for Google Cloud run Google's own command line, which no package registry has, and fail without it.
check_gcloud() {
  command -v gcloud >/dev/null ||
    say "gcloud is not on PATH: two tests will fail; install the Google Cloud CLI (https://cloud.google.com/sdk/docs/install)"
}

# One binary for etcd, the Kubernetes programs and kubectl, built from their Go modules; the first build takes minutes.
build_cluster() {
  need go "install Go 1.26 or newer, which builds the Kubernetes API server for the tests"
  local source=$here/../cluster
  cluster=$cache/cluster/$(digest "$source/go.mod" "$source/go.sum" "$source/main.go")-$kubernetes
  if [ ! -x "$cluster/cluster" ]; then
    say "building Kubernetes $kubernetes (about ten CPU minutes the first time)"
    local version="-X k8s.io/component-base/version"
    mkdir -p "$cluster"
    (cd "$source" && CGO_ENABLED=0 go build -trimpath -buildvcs=false -o "$cluster/cluster.new" -ldflags \
      "-s -w $version.gitVersion=$kubernetes $version.gitMajor=1 $version.gitMinor=36 $version.gitTreeState=clean" .)
    local program
    for program in etcd kube-apiserver kube-controller-manager kube-proxy kube-scheduler kubectl kubelet; do
      ln -sf cluster "$cluster/$program"
    done
    mv "$cluster/cluster.new" "$cluster/cluster"
  fi
}

# The stand-in for Azure, and the description that it reads out of Microsoft's SDK.
build_azure() {
  local source=$here/../azure
  azure=$cache/azure/$(digest "$source"/go.mod "$source"/go.sum "$source"/*.go)
  if [ ! -x "$azure/azure" ]; then
    say "building the stand-in for Azure"
    mkdir -p "$azure"
    (cd "$source" && CGO_ENABLED=0 go build -trimpath -buildvcs=false -o "$azure/azure.new" . &&
      "$azure/azure.new" extract "$azure/description.json")
    mv "$azure/azure.new" "$azure/azure"
  fi
}

# Providers of others as far as their published schemas go: their own programs cannot be had everywhere the tests must run.
build_schemas() {
  local source=$here/../schemas
  schemas=$cache/schemas/$(digest "$source"/go.mod "$source"/go.sum "$source"/*.go "$source"/*.txt "$source"/published/*.json)
  if [ ! -x "$schemas/schemas" ]; then
    say "building the providers that know schemas only"
    mkdir -p "$schemas"
    (cd "$source" && CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w" -o "$schemas/schemas.new" . &&
      "$schemas/schemas.new" mirror "$schemas/mirror")
    mv "$schemas/schemas.new" "$schemas/schemas"
  fi
}

# Azure's blobs for the operator: azurite checks what the stand-in has not, signatures in the name of an identity.
install_azurite() {
  azurite=$cache/azurite-$(digest "$here/azurite/package-lock.json")
  # The demo does without.
  if ! command -v npm >/dev/null; then
    say "npm is not on PATH: tests will fail for want of azurite; install Node.js 20 or newer and run this again"
    return
  fi
  if [ ! -e "$azurite/installed" ]; then
    say "installing azurite"
    rm -rf "$azurite"
    mkdir -p "$azurite"
    cp "$here/azurite/"package*.json "$azurite"
    (cd "$azurite" && npm ci --silent --no-fund --no-audit --ignore-scripts --omit=dev)
    touch "$azurite/installed"
  fi
}

install_kwok() {
  if [ ! -x "$cache/kwok-$kwok/kwok" ]; then
    say "building kwok $kwok"
    GOBIN=$cache/kwok-$kwok CGO_ENABLED=0 GOFLAGS=-buildvcs=false go install "sigs.k8s.io/kwok/cmd/kwok@$kwok"
  fi
  # kwok's own rules for nodes and pods, which come in its module.
  if [ ! -s "$cache/kwok-$kwok/stages.yaml" ]; then
    local module stage
    module=$(go env GOMODCACHE)/sigs.k8s.io/kwok@$kwok/kustomize/stage
    for stage in node/fast/node-initialize node/heartbeat-with-lease/node-heartbeat-with-lease \
      pod/fast/pod-ready pod/fast/pod-complete pod/fast/pod-delete; do
      printf -- '---\n'
      cat "$module/$stage.yaml"
    done >"$cache/kwok-$kwok/stages.new"
    mv "$cache/kwok-$kwok/stages.new" "$cache/kwok-$kwok/stages.yaml"
  fi
}

install_python() {
  need python3 "install Python 3.11 or newer, which runs the emulators"
  python=$cache/python-$(digest "$here/requirements.txt")
  if [ ! -e "$python/installed" ]; then
    say "installing the emulators and checkers"
    rm -rf "$python"
    python3 -m venv "$python" || fail "python3 cannot make a virtual environment: install its venv module (Debian: python3-venv)"
    "$python/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$here/requirements.txt"
    "$python/bin/pip" check >/dev/null || fail "requirements.txt is not a complete set: $("$python/bin/pip" check | head -n 1)"
    touch "$python/installed"
  fi
}

# What a real node needs. The versions are the distribution's: containerd 1.6 and runc of Debian 12.
install_node() {
  local programs=(containerd runc debootstrap conntrack ipset nft iptables busybox ip ss) missing=() program
  for program in "${programs[@]}"; do
    command -v "$program" >/dev/null || missing+=("$program")
  done
  [ -x /usr/lib/cni/bridge ] || [ -x /opt/cni/bin/bridge ] || missing+=(cni-bridge)
  [ ${#missing[@]} -eq 0 ] && return
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
    fail "a real node needs ${missing[*]}: install them (on Debian, run this as root)"
  say "installing the packages of a node: ${missing[*]} missing"
  # As root throughout: in containers apt's own user may not even write to /dev/null, and then no signature is verified.
  apt-get -o APT::Sandbox::User=root update -qq
  DEBIAN_FRONTEND=noninteractive apt-get -o APT::Sandbox::User=root install -y -qq --no-install-recommends \
    containerd runc debootstrap containernetworking-plugins busybox-static iptables nftables conntrack ipset iproute2 >/dev/null
}

# The image of Flyte's tasks: Debian's Python and Flyte's client, made anew when either changes.
build_task_image() {
  task_image=$cache/task-image/$(digest "$here/requirements.txt" "$here/task_image.py")/task.tar
  # Its path is told in any case: the node tier says what to do where nothing is there.
  if [ "$1" = node ] && [ ! -s "$task_image" ]; then
    say "making the image of Flyte's tasks (about two minutes)"
    mkdir -p "$(dirname "$task_image")"
    python3 "$here/task_image.py" --pip "$python/bin/pip" --requirements "$here/requirements.txt" --output "$task_image"
  fi
}

write_env() {
  cat >"$cache/env.new" <<EOF
DATAPLANE_CLUSTER_BIN=$cluster
DATAPLANE_AZURE=$azure
DATAPLANE_AZURITE=$azurite/node_modules/.bin/azurite-blob
DATAPLANE_KWOK=$cache/kwok-$kwok/kwok
DATAPLANE_PYTHON_BIN=$python/bin
DATAPLANE_SCHEMAS=$schemas/mirror
DATAPLANE_TASK_IMAGE=$task_image
EOF
  mv "$cache/env.new" "$cache/env"
}

mkdir -p "$cache"
check_terraform
check_gcloud
need setpriv "install util-linux, which ends the tests' servers with the tests (Linux only)"
exec 9>"$cache/setup.lock"
flock 9 # two checkouts may set up at once
install_python
build_cluster
build_azure
build_schemas
install_azurite
install_kwok
[ "${1:-}" != node ] || install_node
build_task_image "${1:-}"
write_env
say "ready; paths are in $cache/env"
