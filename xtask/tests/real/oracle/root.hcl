locals {
  from = "root"
  here = get_terragrunt_dir()
  set  = toset(["b", "a"])
}

inputs = {
  dir    = get_terragrunt_dir()
  parent = get_parent_terragrunt_dir()
  key    = path_relative_to_include()
  back   = path_relative_from_include()
  unit   = get_original_terragrunt_dir()
}
