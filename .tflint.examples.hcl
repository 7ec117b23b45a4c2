# Examples are one file each and show one thing: the module rules without the module's file layout.
config {
  call_module_type = "none"
}

plugin "terraform" {
  enabled = true
  preset  = "recommended"
}

rule "terraform_comment_syntax" {
  enabled = true
}

rule "terraform_documented_variables" {
  enabled = true
}

rule "terraform_naming_convention" {
  enabled = true
}

rule "terraform_typed_variables" {
  enabled = true
}

# Several examples of a folder are one page of the documentation; outputs there show what a type yields.
rule "terraform_unused_declarations" {
  enabled = true
}
