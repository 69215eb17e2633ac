locals {
  tag    = "v0.52.1"
  here   = get_terragrunt_dir()
  unit   = get_original_terragrunt_dir()
  nested = { a = { b = ["c"] } }
}

inputs = {
  key = local.tag
}
