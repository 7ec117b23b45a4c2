terraform import dataplane_log_group.tasks acme-prod
