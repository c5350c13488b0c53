#!/usr/bin/env bash
# The kubelet pulls the engine's image as soon as it runs, while the network plug-in is still on its
# way: with a pod of its own on the network of the node, which ends at once.
set -euo pipefail
install --directory ${folder}
cat >${folder}/engine-image.json <<'END_OF_FILE'
${pod}
END_OF_FILE
chmod 0600 ${folder}/engine-image.json
