#!/usr/bin/env bash
# Runs the README's commands in a bare Debian 12 root, as a stranger would: the demo with its curl line, plain and
# streamed, then the tests (not with `demo` as the argument). Needs root and debootstrap. Takes the mirror this machine's apt uses. Cleans up behind itself.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

release=bookworm
demo_seconds=1500  # packages, an optimised build and the start; counted from the command on
test_seconds=2400

say() { printf 'clean-room: %s (%ds so far)\n' "$1" "$SECONDS" >&2; }
die() {
    printf 'clean-room: %s\n' "$1" >&2
    exit 1
}

[ "$(id -u)" = 0 ] || die "debootstrap and chroot need root; run: sudo ./dev clean-room"
command -v debootstrap >/dev/null || die "debootstrap is missing; run: ./dev clean-room"

mirror=$(apt-get indextargets --format '$(CODENAME)|$(COMPONENT)|$(REPO_URI)' 'Created-By: Packages' |
    awk -F'|' -v r="$release" '$1 == r && $2 == "main" { print $3; exit }')
[ -n "$mirror" ] || die "apt has no mirror for $release main; clean-room runs on Debian 12"

mapfile -t commands < <(sed -n 's/^ *\(\.\/dev [a-z-]*\).*/\1/p' README.md 2>/dev/null | head -2)
[ ${#commands[@]} -eq 2 ] || commands=("./dev demo" "./dev test")

room=$(mktemp -d "${TMPDIR:-/var/tmp}/weir-clean-room.XXXXXX")
demo_pid=
cleanup() {
    [ -z "$demo_pid" ] || kill -- "-$demo_pid" 2>/dev/null || true
    ! mountpoint -q "$room/proc" || umount -l "$room/proc"
    rm -rf --one-file-system "$room"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

inside() { chroot "$room" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"; }

say "a bare $release in $room"
timeout 900 debootstrap --variant=minbase "$release" "$room" "$mirror" >"$room.log" 2>&1 ||
    die "debootstrap failed: $(tail -3 "$room.log")"
rm -f "$room.log"
mount -t proc proc "$room/proc"
cp -L /etc/resolv.conf "$room/etc/resolv.conf"
for file in /etc/apt/apt.conf.d/*[Pp]roxy*; do
    [ ! -f "$file" ] || cp "$file" "$room/etc/apt/apt.conf.d/"
done

say "copy the tree"
mkdir "$room/weir"
git ls-files -z --cached --others --exclude-standard | xargs -0 ls -d 2>/dev/null | tar -cf - -T - | tar -xf - -C "$room/weir"

say "${commands[0]}"
demo_log=$room/weir/demo.log
demo_from=$SECONDS
set -m
inside timeout --foreground "$((demo_seconds + 60))" /bin/bash -c "cd /weir && exec ${commands[0]}" >"$demo_log" 2>&1 &
demo_pid=$!
set +m
line=
until [ -n "$line" ]; do
    line=$(grep -o 'curl .*' "$demo_log" | grep 'http://' | head -1 || true)
    kill -0 "$demo_pid" 2>/dev/null || die "the demo ended: $(tail -20 "$demo_log")"
    [ "$((SECONDS - demo_from))" -lt "$demo_seconds" ] || die "no curl line within $demo_seconds s: $(tail -20 "$demo_log")"
    [ -n "$line" ] || sleep 1
done
say "the demo is up; its curl line: $line"

answer=$(inside timeout 30 /bin/bash -c "$line")
grep -q '"choices"' <<<"$answer" || die "the curl line did not give a completion: $answer"
streamed=${line/%\}\'/,\"stream\":true\}\'}
[ "$streamed" != "$line" ] || die "the curl line does not end in a JSON body: $line"
answer=$(inside timeout 30 /bin/bash -c "${streamed/curl /curl -sN }")
[ "$(grep -c '^data: ' <<<"$answer")" -ge 3 ] || die "the streamed answer is no stream: $answer"
grep -q '^data: \[DONE\]' <<<"$answer" || die "the streamed answer has no end: $answer"
say "plain and streamed answers are there"
kill -- "-$demo_pid" 2>/dev/null || true
wait "$demo_pid" 2>/dev/null || true
demo_pid=

[ "${1:-}" != demo ] || { say "clean, as far as the demo"; exit 0; }
say "${commands[1]}"
inside timeout "$test_seconds" /bin/bash -c "cd /weir && exec ${commands[1]}" | tee "$room/weir/test.log" || die "the tests failed"
tail -1 "$room/weir/test.log" | grep -qE '^[0-9]+ passed, 0 failed$' || die "the last line is not the tally"
say "clean"
