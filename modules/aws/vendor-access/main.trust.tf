# Who may take which role, with what, and when. IAM asks about the tags and the source identity of a session apart from the session.

locals {
  tag_keys = ["dataplane:incident", "dataplane:operator", "dataplane:tenant"]

  broken = var.break_glass != null
  glass = {
    not_before = try(var.break_glass.not_before, "")
    not_after  = try(var.break_glass.not_after, "")
    incident   = try(var.break_glass.incident, "")
  }

  window = {
    DateGreaterThanEquals = { "aws:CurrentTime" = local.glass.not_before }
    DateLessThan          = { "aws:CurrentTime" = local.glass.not_after }
  }

  allowed = {
    for access, principals in local.principals : access => [
      {
        Sid       = "Vendor"
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Principal = { AWS = principals }
        Condition = merge({ for operator, times in local.window : operator => times if access == "break_glass" }, {
          StringEquals = merge(
            # Else another customer of the vendor could have it take this role.
            { "sts:ExternalId" = var.external_id, "aws:RequestTag/dataplane:tenant" = var.tenant },
            { for key in ["aws:RequestTag/dataplane:incident"] : key => local.glass.incident if access == "break_glass" },
          )
          # Who it is that works here is in every line of the trail, whatever roles are taken from this one.
          StringLike                  = { "sts:SourceIdentity" = "?*" }
          "ForAllValues:StringEquals" = { "aws:TagKeys" = local.tag_keys }
        })
      },
      {
        Sid       = "Tags"
        Effect    = "Allow"
        Action    = "sts:TagSession"
        Principal = { AWS = principals }
        Condition = {
          StringEquals                = { "aws:RequestTag/dataplane:tenant" = var.tenant }
          "ForAllValues:StringEquals" = { "aws:TagKeys" = local.tag_keys }
        }
      },
      {
        Sid       = "Identity"
        Effect    = "Allow"
        Action    = "sts:SetSourceIdentity"
        Principal = { AWS = principals }
        Condition = { StringLike = { "sts:SourceIdentity" = "?*" } }
      },
    ] if access != "break_glass" || local.broken
  }

  # A trust has to say something: as long as nothing is broken, that nobody may.
  trust = {
    for access in keys(local.principals) : access => jsonencode({
      Version   = "2012-10-17"
      Statement = try(local.allowed[access], [{ Sid = "NotBroken", Effect = "Deny", Action = "sts:AssumeRole", Principal = { AWS = "*" } }])
    })
  }

  # For sessions that run already: a trust is asked once, these at every call. What is negated holds for who has no such tag, too.
  glass_denied = concat(
    [for sid in ["NotBroken"] : { Sid = sid, Effect = "Deny", Action = "*", Resource = "*" } if !local.broken],
    [
      for sid, condition in {
        TooEarly = { DateLessThan = { "aws:CurrentTime" = local.glass.not_before } }
        TooLate  = { DateGreaterThanEquals = { "aws:CurrentTime" = local.glass.not_after } }
        OfBefore = { DateLessThan = { "aws:TokenIssueTime" = local.glass.not_before } }
        ForElse  = { StringNotEquals = { "aws:PrincipalTag/dataplane:incident" = local.glass.incident } }
      } : { Sid = sid, Effect = "Deny", Action = "*", Resource = "*", Condition = condition } if local.broken
    ],
  )
}
