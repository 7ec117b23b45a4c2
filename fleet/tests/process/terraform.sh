#!/bin/sh
# Plays terraform. What a test put into $FAKE/<verb>.<tenant> is done first.
tenant=$(basename "$(dirname "$TF_DATA_DIR")")
for word; do
  case $word in
  init | workspace | plan | show | apply)
    verb=$word
    break
    ;;
  esac
done
echo "$verb $tenant" >>"$FAKE/calls"
echo "$*" >>"$FAKE/arguments"
echo "$TF_PLUGIN_CACHE_DIR" >>"$FAKE/caches"
echo "$verb $tenant ${TF_WORKSPACE:-none}" >>"$FAKE/workspaces"
if [ -f "$FAKE/$verb.$tenant" ]; then
  . "$FAKE/$verb.$tenant"
fi
case $verb in
init)
  for word; do
    case $word in
    -backend-config=*)
      mkdir -p "$TF_DATA_DIR"
      echo "{\"backend\": {\"config\": $(cat "${word#*=}")}}" >"$TF_DATA_DIR/terraform.tfstate"
      ;;
    esac
  done
  ;;
plan)
  for word; do
    case $word in
    -out=*) echo "$tenant $RANDOM" >"${word#-out=}" ;;
    esac
  done
  exit 2
  ;;
show) cat "$FAKE/shown.json" ;;
esac
