#!/usr/bin/env bash
# A machine without a kernel of its own: systemd as the first process, over a disk that outlives it.
#
# usage: machine.sh DISK   a folder with etc, var, local (/usr/local) and an empty root
#
# Run in mount, process, name and cgroup namespaces of its own; /usr is the host's, read-only, and so are
# the kernel's settings.
set -euo pipefail
disk=$1 root=$1/root
mount -t tmpfs tmpfs "$root"
mkdir -p "$root"/{dev,etc,mnt,proc,root,run,sys,tmp,usr,var}
for link in bin lib lib64 sbin; do
    [[ ! -L /$link ]] || ln -s "usr/$link" "$root/$link"
done
mount --bind /usr "$root/usr"
mount -o remount,bind,ro "$root/usr"
mount --bind "$disk/local" "$root/usr/local"
mount --bind "$disk/etc" "$root/etc"
mount --bind "$disk/var" "$root/var"
mount -t tmpfs tmpfs "$root/run"
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs tmpfs "$root/dev"
for device in full null random urandom zero; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
exec chroot "$root" env --ignore-environment container=tokenfleet \
    PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --show-status=no
