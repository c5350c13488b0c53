#!/usr/bin/env bash
# Puts the units of a node in place that may be stopped before it serves. nodeadm-run starts after
# cloud-init, which runs this (awslabs/amazon-eks-ami, nodeadm-run.service).
set -euo pipefail
install --directory /usr/local/libexec/tokenfleet /etc/systemd/system/nodeadm-run.service.d
cat >/usr/local/libexec/tokenfleet/warm-node <<'END_OF_FILE'
${warm_node}END_OF_FILE
chmod 0755 /usr/local/libexec/tokenfleet/warm-node
cat >/etc/systemd/system/nodeadm-run.service.d/10-tokenfleet.conf <<'END_OF_FILE'
${joins}END_OF_FILE
cat >/etc/systemd/system/tokenfleet-warm.service <<'END_OF_FILE'
${warm_unit}END_OF_FILE
systemctl daemon-reload
systemctl enable tokenfleet-warm.service
systemctl start --no-block tokenfleet-warm.service
