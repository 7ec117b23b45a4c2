terraform import dataplane_log_group.tasks /dataplane/acme-prod
