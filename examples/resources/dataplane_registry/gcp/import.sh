terraform import dataplane_registry.images acme-tasks
