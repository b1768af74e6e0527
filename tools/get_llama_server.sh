#!/usr/bin/env bash
# get_llama_server.sh [FOLDER]: unpacks llama-server of Debian unstable, with every library it needs, into FOLDER
# (build/engines/llama). Nothing is installed: packages are downloaded through a private apt root and taken apart.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
target=${1:-build/engines/llama}
[ ! -x "$target/usr/bin/llama-server" ] || exit 0
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$keyring" ] || { echo "get_llama_server.sh: needs a Debian system with debian-archive-keyring" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir -p "$work"/{lists,archives}/partial "$work/root"
: >"$work/status"
# The mirror this machine uses already, with another suite.
mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -m1 '/debian/\?$') ||
    { echo "get_llama_server.sh: apt has no Debian mirror (apt-get update first)" >&2; exit 1; }
echo "deb [signed-by=$keyring] $mirror sid main" >"$work/sources.list"
cat >"$work/apt.conf" <<TEXT
Dir::Etc::SourceList "$work/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State::Lists "$work/lists";
Dir::State::status "$work/status";
Dir::Cache "$work";
Dir::Cache::Archives "$work/archives";
TEXT
export APT_CONFIG=$work/apt.conf
apt-get update -qq
apt-get install -qq -y --download-only --no-install-recommends llama.cpp-tools >/dev/null
for package in "$work"/archives/*.deb; do dpkg -x "$package" "$work/root"; done
mkdir -p "$(dirname "$target")"
rm -rf "$target"
mv "$work/root" "$target"
echo "llama-server is under $target" >&2
