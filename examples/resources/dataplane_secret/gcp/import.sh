terraform import dataplane_secret.warehouse acme-prod-warehouse
