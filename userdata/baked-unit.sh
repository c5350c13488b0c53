#!/usr/bin/env bash
# Puts the unit in place that looks whether the engine's image came with the machine image.
# cloud-init runs this before nodeadm starts containerd: it must not wait for that.
set -euo pipefail
install --directory /usr/local/libexec/tokenfleet
cat >/usr/local/libexec/tokenfleet/baked-image <<'END_OF_FILE'
${baked_image}END_OF_FILE
chmod 0755 /usr/local/libexec/tokenfleet/baked-image
cat >/etc/systemd/system/tokenfleet-baked.service <<'END_OF_FILE'
[Unit]
Description=Look whether the engine's image is in the store of containerd
# Nothing waits for this unit: without the image, the kubelet pulls it.
After=containerd.service

[Service]
Type=oneshot
ExecStart=/usr/local/libexec/tokenfleet/baked-image ${image}

[Install]
WantedBy=containerd.service
END_OF_FILE
systemctl daemon-reload
systemctl enable tokenfleet-baked.service
