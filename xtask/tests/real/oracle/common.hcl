locals {
  tag    = "v0.52.1"
  here   = get_terragrunt_dir()
  unit   = get_original_terragrunt_dir()
  nested = { a = { b = ["c"] } }
  set    = toset(["b", "a"])
  inset  = { a = [toset(["b", "a"])], b = try(toset(["a"])[0], "a set") }
}

inputs = {
  key = local.tag
  set = local.set
}
