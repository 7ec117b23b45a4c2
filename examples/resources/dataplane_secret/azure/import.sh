# <vault>/<secret>
terraform import dataplane_secret.warehouse acme-vault/warehouse
