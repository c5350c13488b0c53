#!/usr/bin/env bash
# Puts the units of the model cache in place. cloud-init runs this before nodeadm sets up disks and
# kubelet: it must not wait for either.
set -euo pipefail
install --directory /usr/local/libexec/tokenfleet
cd /usr/local/libexec/tokenfleet
cat >model-cache <<'END_OF_FILE'
${model_cache}END_OF_FILE
cat >model-loader <<'END_OF_FILE'
${model_loader}END_OF_FILE
chmod 0755 model-cache model-loader
cat >/etc/systemd/system/tokenfleet-cache.service <<'END_OF_FILE'
${cache_unit}END_OF_FILE
cat >/etc/systemd/system/tokenfleet-models.service <<'END_OF_FILE'
${models_unit}END_OF_FILE
systemctl daemon-reload
systemctl enable tokenfleet-cache.service tokenfleet-models.service
systemctl start --no-block tokenfleet-models.service
