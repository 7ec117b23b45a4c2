# <account>/<container>
terraform import dataplane_bucket.metadata acmeprodmeta/metadata
