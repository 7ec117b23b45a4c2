locals {
  # Names that have neither hyphens nor anything else but letters and digits.
  compact_name = replace(var.name, "-", "")
}
