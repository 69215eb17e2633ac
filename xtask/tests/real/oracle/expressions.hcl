include "root" {
  path           = find_in_parent_folders("root.hcl")
  expose         = true
  merge_strategy = "no_merge"
}

locals {
  common = read_terragrunt_config(find_in_parent_folders("common.hcl"))
  s      = "abc"
  n      = 3
  t      = true
  z      = null
  l      = ["b", "a", "c"]
  nums   = [3, 1, 2]
  mixed  = [1, "a", true]
  m      = { k = "v", n = 1, l = ["x"] }
  sm     = { b = "2", a = "1" }
  ol     = [{ a = 1, b = "x" }, { a = 2, b = "y" }]
  set    = toset(["b", "a", "b"])
  tm     = tomap({ a = "1", b = "2" })
  tl     = tolist(["b", "a"])
}

feature "tag" {
  default = "v0.52.1"
}

feature "shape" {
  default = { a = [1, "x"], b = true }
}

inputs = {
  # Numbers
  1 + 2 * 3
  7 / 2
  10 / 4 - 0.5
  1 / 3
  1 / 0
  7 % 3
  -7 % 3
  7 % -3
  7.5 % 2
  -local.n
  -(-3)
  1.50
  "${1.50}"
  "${1e3}"
  1e3
  1.5e-3
  "${0.1}"
  0.1 + 0.2
  0.5 + 0.25
  0.5 * 0.5
  100000000004
  "${100000000004}"
  9007199254740991
  "${9007199254740993}"
  12345678901234567890
  3000000 * 3000000
  "1" + 1
  "1.5" * 2
  "a" + 1
  true + 1
  "0x10" + 1
  "1e2" + 0
  " 1" + 1
  abs(-3)
  abs("-2")
  ceil(1.2)
  ceil(-1.2)
  floor(1.7)
  floor(-1.2)
  signum(-5)
  signum(0)
  max(1, 3, 2)
  min(1, "0", 2)
  max()
  pow(2, 10)
  pow(2, -1)
  pow(2, 0.5)
  parseint("ff", 16)
  parseint("-101", 2)
  parseint("12", 1)
  parseint("zz", 10)
  parseint(12, 10)
  sum([1, 2, 3])
  sum(["1", 2])
  sum([])
  sum(local.n)
  range(3)
  range(0)
  range(-2)
  range(1, 4)
  range(4, 1)
  range(1, 8, 3)
  range(1, 2, 0.25)
  range(1, 4, -1)
  range(1, 2, 0)
  range(2000)
  log(8, 2)
  # Comparison and logic
  1 == 1
  1 == "1"
  "a" == "a"
  true == "true"
  null == null
  local.z == null
  local.s == null
  local.l == local.l
  [] == []
  {} == {}
  1 < 2
  "1" < 2
  "a" < "b"
  !true
  !"false"
  !local.s
  true && false
  true || local.nothing
  false && local.nothing
  "true" && true
  1 && true
  null || true
  # Conditionals
  true ? 1 : 2
  true ? 1 : "a"
  false ? 1 : "a"
  true ? true : "a"
  true ? "a" : ["b"]
  false ? "a" : ["b"]
  true ? [1] : ["a"]
  true ? [1, 2] : [1]
  true ? ["x", 2] : ["a"]
  true ? ["x", "y"] : ["a"]
  true ? { a = 1 } : { a = "x" }
  true ? { a = 1 } : { b = 2 }
  true ? { a = "x" } : { b = "y", c = "z" }
  true ? { a = 1 } : {}
  true ? { a = "x" } : {}
  true ? {} : { a = "x" }
  true ? { a = "x" } : { b = ["y"] }
  true ? { a = "x", b = ["y"] } : {}
  true ? [] : ["a"]
  true ? ["a"] : []
  true ? [{ a = 1 }] : []
  true ? [{ a = "x" }] : [{ a = "x", b = "y" }]
  true ? null : 1
  true ? 1 : null
  true ? null : null
  true ? { a = 1, b = "c" } : null
  true ? "a" : local.nothing
  false ? local.nothing : "b"
  true ? 1 : local.nothing
  "true" ? 1 : 2
  local.s ? 1 : 2
  null ? 1 : 2
  1 ? 1 : 2
  true ? local.set : ["a"]
  true ? local.tm : { c = "3" }
  true ? local.tl : ["c"]
  true ? ["c"] : local.tl
  (true ? local.mixed : null)[1]
  true ? "a" : 1
  true ? "a" : {}
  true ? 1 : true
  true ? "1" : true
  # Templates
  "a${1}b${true}c"
  "${local.l}"
  "${local.m}"
  "x${local.l}"
  "x${local.z}"
  "${local.z}"
  "${local.n}"
  "a ${~ 1 ~} b"
  " ${~ 1 ~} "
  "$${a} %%{b} $a %b $$ %%"
  "\u00e9\t\"\\\n"
  "%{ if true }a%{ endif }"
  "%{ if false }a%{ endif }"
  "%{ if local.t }a%{ else }b%{ endif }c"
  "%{ if local.s == "abc" }${local.n}%{ endif }"
  "%{ for x in local.l }${x},%{ endfor }"
  "%{ for i, x in local.l }${i}=${x},%{ endfor }"
  "%{ for k, v in local.sm }${k}=${v},%{ endfor }"
  "%{ for x in [] }${x}%{ endfor }"
  "%{ for x in local.ol }%{ if x.a == 1 }${x.b}%{ endif }%{ endfor }"
  "  %{~ if true ~}  a  %{~ endif ~}  "
  "%{ for x in local.l ~} ${x} %{~ endfor }"
  "%{ for x in local.l }${local.z}%{ endfor }"
  "%{ if local.s }a%{ endif }"
  "a\n  ${~ 1 ~}\n  b"
  <<EOT
    line ${local.s}
      two \n $${x}
    EOT
  <<-EOT
    line ${local.s}
      two

     three
    EOT
  <<-EOT
	tab
	  more
	EOT
  <<-EOT
      ${local.s}
    a
  EOT
  <<-EOT
    a
    ${local.s ~}
      b
    c
  EOT
  <<-EOT
    a
  ${~ local.s}
    b
  EOT
  <<EOT
%{ for x in local.l ~}
  - ${x}
%{ endfor ~}
EOT
  <<-EOT
    %{ for x in local.l ~}
    - ${x}
    %{ endfor ~}
    end
  EOT
  <<-EOT
    %{ if local.t }
    yes
    %{ else }
    no
    %{ endif }
  EOT
  <<-EOT
    ${local.s}
  EOT
  # Steps
  local.l[1]
  local.l["1"]
  local.l.1
  local.l[3]
  local.l[-1]
  local.l[0.5]
  local.m.k
  local.m["k"]
  local.m["n"] + 1
  local.m.zz
  local.m["zz"]
  local.s.k
  local.s[0]
  local.z.k
  local.set[0]
  local.tm.a
  local.tm["zz"]
  local.ol[*].a
  local.ol.*.a
  local.ol.*.a[0]
  local.ol[*].a[0]
  local.m[*].k
  local.z[*]
  local.s[*]
  local.set[*]
  local.tm[*]
  [[1, 2], [3]][*][0]
  [for o in local.ol : o][0].b
  (local.m).k
  {a = 1}.a
  [1, 2][1]
  local.common.locals.tag
  local.common.locals.nested.a.b[0]
  local.common.locals["tag"]
  local.common.inputs.key
  local.common.locals.nothing
  # for
  [for x in local.l : upper(x)]
  [for i, x in local.l : "${i}${x}"]
  [for x in local.l : x if x != "a"]
  [for x in local.set : x]
  [for k, v in local.sm : "${k}${v}"]
  [for k in local.sm : k]
  {for x in local.l : x => upper(x)}
  {for k, v in local.sm : v => k}
  {for k, v in local.m : k => v if k != "n"}
  {for x in ["a", "b", "a"] : x => 1...}
  {for x in ["a", "a"] : x => 1}
  {for i, x in local.l : i => x}
  {for x in local.l : null => x}
  {for x in [true] : x => x}
  [for x in local.s : x]
  [for x in local.z : x]
  [for x in local.l : x if null]
  [for x in local.l : x if "true"]
  [for x in local.l : [for y in local.nums : "${x}${y}"]]
  [for local in local.l : local]
  flatten([for x in local.l : [for y in local.nums : "${x}${y}"] if x != "a"])
  [for i, o in local.ol : o.a * i]
  {for s in ["a=1", "b=2"] : split("=", s)[0] => split("=", s)[1]}
  # Lists
  concat(local.l, ["d"], [])
  concat(local.l, local.set)
  concat(local.l, local.nums)
  concat(local.l, "a")
  concat()
  concat(local.l, null)
  concat(local.tl, ["c"])
  compact(["a", "", null, "b"])
  compact(["a", 1, true])
  compact(local.set)
  contains(local.l, "a")
  contains(local.l, "z")
  contains(local.nums, 1)
  contains(local.nums, "1")
  contains(local.mixed, "a")
  contains(local.mixed, 1)
  contains(local.l, null)
  contains(local.set, "a")
  contains(local.sm, "a")
  distinct(local.l)
  distinct(["b", "a", "b"])
  distinct([1, 1, 2])
  distinct(["1", 1])
  distinct(local.set)
  element(local.l, 0)
  element(local.l, 4)
  element(local.l, -1)
  element([], 0)
  element(local.l, "1")
  element(local.l, 0.5)
  element(local.set, 0)
  flatten([["a"], [["b"], []], "c"])
  flatten(local.l)
  flatten([[1, [2, [3]]], toset([4])])
  flatten([null, ["a"]])
  flatten("a")
  flatten([{ a = ["x"] }])
  index(local.l, "a")
  index(local.l, "z")
  index(local.nums, 2)
  index([], "a")
  length(local.l)
  length(local.m)
  length(local.set)
  length("héllo")
  length("abc")
  length(1)
  length(null)
  reverse(local.l)
  reverse(local.mixed)
  reverse(local.set)
  reverse("abc")
  slice(local.l, 0, 2)
  slice(local.l, 1, 1)
  slice(local.l, 2, 1)
  slice(local.l, 0, 9)
  slice(local.l, -1, 1)
  slice(local.set, 0, 1)
  slice(local.mixed, 1, 3)
  sort(local.l)
  sort(local.nums)
  sort(local.mixed)
  sort(["10", "9", "B", "a", "é"])
  sort([null, "a"])
  sort(local.set)
  chunklist(local.l, 2)
  chunklist(local.l, 0)
  chunklist([], 2)
  chunklist(local.mixed, 2)
  coalescelist([], local.l)
  coalescelist(null, local.l)
  coalescelist([], [])
  coalescelist(local.l, local.nums)
  one([])
  one(["a"])
  one(["a", "b"])
  one(local.set)
  one(null)
  matchkeys(["a", "b", "c"], ["x", "y", "x"], ["x"])
  matchkeys(["a"], ["x", "y"], ["x"])
  setunion(["a"], ["b", "a"])
  setunion([1], ["a"])
  setunion(local.set)
  setintersection(["a", "b"], ["b", "c"])
  setsubtract(["a", "b"], ["b"])
  setproduct(["a", "b"], ["x", "y"])
  setproduct(["a"], [])
  setproduct(["a"])
  setproduct(["a"], [1])
  alltrue([true, "true"])
  alltrue([true, null])
  alltrue([])
  alltrue(["a"])
  alltrue([false, "a"])
  anytrue([false, true])
  anytrue([])
  anytrue([null])
  list("a")
  # Maps
  keys(local.m)
  keys(local.sm)
  keys(local.l)
  keys({})
  values(local.sm)
  values(local.m)
  values(local.tm)
  lookup(local.m, "k", "d")
  lookup(local.m, "zz", "d")
  lookup(local.m, "zz")
  lookup(local.m, "k")
  lookup(local.tm, "zz", 1)
  lookup(local.tm, "zz", ["a"])
  lookup(local.m, "n", "d")
  lookup(local.m, null, "d")
  lookup(local.z, "k", "d")
  lookup(local.m, "zz", null)
  merge({ a = 1 }, { b = 2 }, { a = 3 })
  merge({ a = 1 }, null)
  merge()
  merge(null)
  merge([{ a = 1 }, { b = 2 }]...)
  merge(local.tm, { c = 3 })
  merge(local.tm, { c = "3" })
  merge({ a = { x = 1 } }, { a = { y = 2 } })
  merge("a", {})
  merge({ a = null }, {})
  zipmap(["a", "b"], [1, "x"])
  zipmap(["a", "a"], [1, 2])
  zipmap(["a"], [1, 2])
  zipmap([1, true], ["x", "y"])
  zipmap(["a"], local.set)
  zipmap(["a", null], [1, 2])
  transpose({ a = ["x", "y"], b = ["y"] })
  transpose({})
  transpose({ a = [1] })
  tomap({ a = 1, b = "x" })
  tomap({ a = 1, b = true })
  tomap({ a = 1, b = [1] })
  tomap({})
  tomap(local.l)
  { "a-b" = 1, (local.s) = 2, "${local.s}x" = 3 }
  { a : 1, b : 2 }
  { (null) = 1 }
  { 1 = "x", true = "y" }
  map("a", "b")
  # Conversions
  tolist(["a", 1])
  tolist([1, true])
  tolist([true, "x"])
  tolist(local.set)
  tolist([])
  tolist(null)
  tolist([["a"], [1]])
  tolist([["a"], "b"])
  tolist(local.m)
  toset(["b", "a", "b"])
  toset([1, 2, 1])
  toset([1, "1"])
  toset([])
  toset([true, "true"])
  toset(null)
  toset(local.tl)
  toset([["a"], ["a"]])
  tostring(1.5)
  tostring(true)
  tostring(null)
  tostring(["a"])
  tonumber("1.50")
  tonumber("a")
  tonumber("")
  tonumber(true)
  tobool("true")
  tobool("1")
  tobool(1)
  tobool(null)
  # Choices
  try(local.m.zz, "d")
  try(local.m.zz, local.l[9])
  try(1 / 0, "d")
  try("a", local.nothing)
  try()
  try(local.nothing, "d")
  try(null, "d")
  try(tonumber("a"), [], "b")
  can(local.m.zz)
  can(local.m.k)
  can(regex("^a", local.s))
  can(regex("^b", local.s))
  can()
  coalesce("", "a")
  coalesce(null, "", "a")
  coalesce(1, "a")
  coalesce(null, 1)
  coalesce(true, "a")
  coalesce(null, true, 1)
  coalesce([], ["a"])
  coalesce(null, ["a"])
  coalesce(["a"], "b")
  coalesce({}, { a = 1 })
  coalesce(null)
  coalesce("", "")
  coalesce()
  # Text
  upper("aBc")
  lower("ABC")
  upper("é")
  title("hello wORLD it's-me a_b 1x")
  chomp("a\n\n")
  chomp("a\r\n")
  chomp("a\n ")
  trimspace("  a \n\t")
  trim("xxaxx", "x")
  trim("?!a!?", "!?")
  trim("a", "")
  trimprefix("v1", "v")
  trimprefix("v1", "")
  trimprefix("vv1", "v")
  trimsuffix("a.hcl", ".hcl")
  trimsuffix("a", "b")
  startswith("abc", "ab")
  endswith("abc", "bc")
  strcontains("abc", "b")
  strcontains("abc", "")
  replace("a.b.c", ".", "-")
  replace("abc", "", "-")
  replace("abc", "/b/", "x")
  replace("a1b22", "/[0-9]+/", "<$0>")
  replace("a1b22", "/([a-z])([0-9]+)/", "$2$1")
  replace("a1b22", "/([a-z])([0-9]+)/", "$2x$1")
  replace("a1b22", "/([a-z])([0-9]+)/", "$${2}x$${1}")
  replace("abc", "/x*/", "-")
  replace("abc", "/(?P<l>b)/", "[$l]")
  replace("abc", "/(/", "x")
  replace("a/b", "/", "-")
  replace("a/b", "//", "-")
  replace("v1.2.3", "/\\.[0-9]+$/", "")
  regex("[a-z]+", "123abc")
  regex("([a-z])([0-9])", "a1")
  regex("(?P<a>[a-z])(?P<n>[0-9])", "a1")
  regex("(a)|(b)", "b")
  regex("x", "a")
  regex("(?i)A", "a")
  regex("^v?(\\d+)\\.(\\d+)", "v1.22")
  regex("a**", "a")
  regex("[[:alpha:]]+", "ab1")
  regex("(?P<a>a)(b)", "ab")
  regexall("[0-9]", "a1b2")
  regexall("([a-z])([0-9])", "a1b2")
  regexall("x", "a")
  regexall("a*", "baac")
  regexall("(?P<l>[a-z])", "ab")
  split(",", "a,b,,c")
  split("", "abc")
  split(",", "")
  split("ab", "xabyab")
  join(",", local.l)
  join(",", [1, true, "a"])
  join(",", local.l, ["d"])
  join(",", [])
  join(",", local.set)
  join(",", ["a", null])
  join(",", "a")
  join(",", [["a"]])
  join(",", local.tm)
  join(",")
  strrev("abc")
  substr("hello", 1, 3)
  substr("hello", -3, 2)
  substr("hello", 0, -1)
  substr("hello", 2, -5)
  substr("hello", 9, 2)
  substr("hello", -9, 2)
  substr("hello", -2, 0)
  substr("hello", 1, 0)
  substr("hello", 1, 99)
  substr("", 0, 1)
  substr("hello", 5, 1)
  indent(2, "a\nb\n\nc")
  indent(-1, "a\nb")
  format("%s-%d%%%v", "a", 2, true)
  format("%v", 100000)
  format("%v", 1000000)
  format("%v", 100000000004)
  format("%v", 1234567.5)
  format("%v", 0.00001)
  format("%v", -0.5)
  format("%v", 0)
  format("%v", local.l)
  format("%v", local.m)
  format("%v", null)
  format("%#v", "a")
  format("%s", 100000000004)
  format("%s", 1.5)
  format("%s", true)
  format("%s", null)
  format("%s", local.l)
  format("%d", "12")
  format("%d", "a")
  format("%d", 1.5)
  format("%05d", 42)
  format("%05d", -42)
  format("%-5d|", 42)
  format("%+d", 42)
  format("%5d", 42)
  format("%x", 255)
  format("%X", 255)
  format("%b", 5)
  format("%o", 8)
  format("%08b", 5)
  format("%#x", 255)
  format("%5s|", "ab")
  format("%-5s|", "ab")
  format("%05s|", "ab")
  format("%.1s", "ab")
  format("%q", "a\"b<>&")
  format("%q", 1)
  format("%t", true)
  format("%t", "true")
  format("%t", 1)
  format("%f", 1.5)
  format("%.2f", 1.005)
  format("%e", 12345)
  format("%g", 12345)
  format("%s")
  format("a", "b")
  format("a")
  format("%z", 1)
  format("%", 1)
  format("%[2]s %[1]s", "a", "b")
  format(1)
  formatlist("%s!", local.l)
  formatlist("%s-%s", local.l, "x")
  formatlist("%s-%s", local.l, ["x"])
  formatlist("%s", "a")
  formatlist("a")
  formatlist("%s", [])
  formatlist("%s", local.set)
  formatlist("%s-%d", ["a", "b"], [1, 2])
  # Encodings
  jsondecode("{\"a\": [1, null, true, 1.5]}")
  jsondecode("[]")
  jsondecode("\"x\"")
  jsondecode("{")
  jsondecode("")
  jsondecode("1 2")
  jsondecode("{\"a\": 1, \"a\": 2}")
  jsonencode({ b = [1, "x", null, true], a = {} })
  jsonencode("<a>&\"\\\n")
  jsonencode(1.5)
  jsonencode(local.set)
  jsonencode(null)
  jsondecode(jsonencode(local.m)) == local.m
  jsondecode(file("${get_repo_root()}/data.json"))
  jsondecode(file("${get_repo_root()}/data.json")).a[1]
  jsondecode(file("${get_repo_root()}/bom.json"))
  yamldecode(file("${get_repo_root()}/data.yml"))
  yamldecode(file("${get_repo_root()}/data.yml")).c.d
  yamldecode("a: 1\nb: [x, 'y', \"z\"]\n")
  yamldecode("- 1\n- ~\n- yes\n")
  yamldecode("a: *x")
  yamldecode("")
  yamldecode("x")
  yamldecode("{")
  yamlencode({ a = 1 })
  base64encode("hello")
  base64encode("")
  base64encode("é")
  base64decode("aGVsbG8=")
  base64decode("aGVsbG8")
  base64decode("!")
  base64decode("/w==")
  base64decode("")
  urlencode("a b/c?d=é&~")
  csvdecode("a,b\n1,2\n")
  md5("a")
  # Files and folders
  get_terragrunt_dir()
  get_original_terragrunt_dir()
  get_parent_terragrunt_dir()
  get_parent_terragrunt_dir("root")
  path_relative_to_include()
  path_relative_to_include("root")
  path_relative_from_include()
  path_relative_to_include("nothing")
  get_repo_root()
  get_path_from_repo_root()
  get_path_to_repo_root()
  find_in_parent_folders("common.hcl")
  find_in_parent_folders("nothing.hcl")
  find_in_parent_folders("nothing.hcl", "fallback")
  find_in_parent_folders("root.hcl")
  basename("/a/b.hcl")
  basename("/a/b/")
  basename("")
  basename("/")
  dirname("/a/b.hcl")
  dirname("a")
  dirname("/")
  dirname("")
  dirname("a/b/")
  dirname("a//b")
  abspath("/a/../b")
  abspath("a")
  pathexpand("a/b")
  pathexpand("/a/../b")
  fileexists("${get_repo_root()}/data.json")
  fileexists("nothing")
  fileexists(get_repo_root())
  file("nothing")
  file(find_in_parent_folders("data.json"))
  read_terragrunt_config("nothing.hcl", { locals = { a = 1 } }).locals.a
  read_terragrunt_config("nothing.hcl")
  read_terragrunt_config(find_in_parent_folders("common.hcl")).locals.here
  read_terragrunt_config(find_in_parent_folders("common.hcl")).locals.unit
  read_terragrunt_config(find_in_parent_folders("common.hcl")).inputs
  templatefile("${get_repo_root()}/list.tftpl", { names = local.l, loud = true })
  templatefile("${get_repo_root()}/list.tftpl", { names = [], loud = false })
  templatefile("${get_repo_root()}/list.tftpl", { names = local.l })
  templatefile("${get_repo_root()}/value.tftpl", { names = local.l })
  templatefile("${get_repo_root()}/value.tftpl", { names = "x", other = 1 })
  templatefile("nothing", {})
  include.root.locals.from
  include.root.locals.here
  include.root.inputs.dir
  include.root.inputs.parent
  include.root.inputs.key
  include.root.inputs.back
  include.root.inputs.unit
  include.nothing
  get_env("RELEASE")
  get_env("RELEASE", "v1")
  get_env("EMPTY")
  get_env("EMPTY", "d")
  get_env("NOT_SET")
  get_env("NOT_SET", "v1")
  get_env("NOT_SET", "")
  get_env("NOT_SET", 1)
  get_env("")
  get_platform()
  get_terraform_commands_that_need_vars()
  mark_as_read("/a")
  get_terraform_command()
  timecmp("2017-11-22T00:00:00Z", "2017-11-22T00:00:00Z")
  nothing()
  nothing.a
  upper()
  upper("a", "b")
  upper(["a", "b"]...)
  upper(["a"]...)
  upper(null)
  upper(local.m)
  # Found by configurations that were made up
  transpose(true ? {} : { a = "x" })
  false ? coalesce(local.z, ["a"]) : { a = ["b"] }
  !tobool(null)
  [for k, v in tobool(null) : k]
  {for k, v in { a = "1" } : k => v if tobool(local.z)}
  try({for k, v in {} : k => v if split(",", "a")}, "d")
  trimsuffix(join("-", regexall("([a-z])([0-9])", "x")), "d")
  range(1, 1)[*].k
  chunklist([], 2)[*].k
  (true ? [] : [{ k = "v" }])[*].k
  -3[*]
  0 % 0
  "a" == "b" || tobool(true ? false : 1)
  true ? "a" : [local.z, jsondecode("")]
  true ? "" : file("nothing")
  fileexists("nothing") ? jsondecode(file("nothing")) : {}
  contains([null], "a")
  coalesce("d", tolist(toset([["a"], ["b"]])))
  merge(transpose({ k = 1, m = [true] }), { k = "v" })
  merge({ a = true ? false : 1 }, { a = "b" })
  coalesce({ k = null }, { a = true ? 1 : {}, b = "a" })
  true ? { k = 1, l = "x" } : (true ? local.z : ["a"])
  true ? merge({ k = 1, l = [true] }, {}) : {}
  element(tolist(["a"]), tonumber(null))
  format("%v", 12345678)
  substr("hello", -2, 0)
  tobool("1")
  contains([1, 2], "1")
  try(coalescelist(["a"], true), "d")
  try(coalescelist(["a"], toset(["b"])), "d")
  try(coalescelist(["a"], null), "d")
  coalescelist([3, 1], ["a"])
  coalescelist(tolist(["a"]), tolist([1]))
  concat(distinct([3, 1, 2]), sort([]))
  concat(range(2), sort(["b"]))
  concat(tolist([1]), ["a"])
  concat(tolist([1]), tolist([2]))
  false ? setunion(["a"], ["c"]) : ["b", "a", "b"]
  true ? toset(["b", "a"]) : ["c"]
  try(length({ a = false ? "x" : [1, "1", true], b = 0.1 }), 7)
  try(keys({ a = transpose({ a = "1" }) }), "d")
  jsonencode(tobool(null))
  [tostring(null), tolist(null)]
  [1][3] && false
  false && [1][3]
  [1][3] && true
  [1][3] || true
  [1][3] || false
  [1][3] && null
  [1][3] && "x"
  coalesce({ k = null }, false ? "a" : null)
  coalesce(null, ["a"])
  false ? range(2, 1)[*].k : true
  false ? ["a"][*].k : { a = 1 }
  false ? { a = 1 }["k"] : true
  try(lookup(false ? { a = { b = "c" } } : {}, "a", "x"), "d")
  lookup(false ? { a = "b" } : {}, "a", "x")
  coalesce(7, false ? "a" : null)
  coalesce(7, null)
  coalesce(null, 7, "a")
  try(merge(false ? ["a"] : (false ? "a" : null), { k = 1 }), "d")
  try({ for x in ["a"] : x => 1 if can([x, false ? { k = 1 } : "a"]) }, "d")
  try([for x in ["a", false ? { k = 1 } : "a"] : "y"], "d")
  can([for x in ["a", false ? { k = 1 } : "a"] : "y"])
  # What comes from another file has been JSON
  local.common.locals.set[0]
  element(local.common.locals.set, 1)
  { for k, v in local.common.locals.set : k => v }
  { for k, v in local.set : k => v }
  concat(local.common.locals.set, ["c"])
  concat(local.common.locals.set, [1])
  concat(local.set, ["c"])
  [local.common.locals.inset.a[0][1], local.common.locals.inset.b]
  local.common["locals"]["set"][0]
  merge(local.common.locals, {}).set[0]
  [for k, v in local.common.locals : try(v[0], "none")]
  local.common.inputs.set[0]
  include.root.locals.set[0]
  local.set[0]
  zipmap(local.common.locals.set, [1, 2])
  coalescelist(local.common.locals.set, ["c"])
  setunion(local.common.locals.set, ["c"])
  setunion(local.common.locals.set, ["c"])[0]
  true ? local.common.locals.set : ["c"]
  tolist(local.common.locals.set)[0]
  reverse(local.common.locals.set)
  slice(local.common.locals.set, 0, 1)
  coalesce(local.common.locals, tostring(null)).tag
  coalesce({ a = 1 }, tostring(null))

  # Terragrunt's own, and its variables
  feature.tag.value
  feature.tag.name
  feature.tag
  feature["tag"]["value"]
  feature.shape.value.a[1]
  feature.shape.value
  feature.none.value
  feature
  values.tag
  values.image.docker_tag
  values["image"]
  values
  values.none
  values.half
  read_terragrunt_config("terragrunt.values.hcl").tag
  read_terragrunt_config("terragrunt.values.hcl")
  read_terragrunt_config("../terragrunt.values.hcl", { tag = "none" }).tag
  get_terraform_commands_that_need_vars()
  get_terraform_commands_that_need_locking()
  get_terraform_commands_that_need_input()
  get_terraform_commands_that_need_parallelism()
  get_terragrunt_source_cli_flag()
  "x${get_terragrunt_source_cli_flag()}"
  jsondecode(read_tfvars_file("own.tfvars"))
  jsondecode(read_tfvars_file("own.tfvars")).images.runner
  jsondecode(read_tfvars_file("own.tfvars")).list[1]
  read_tfvars_file("own.tfvars")
  read_tfvars_file("own.tfvars.json")
  jsondecode(read_tfvars_file("own.tfvars.json")).tag
  read_tfvars_file("none.tfvars")
  read_tfvars_file("calls.tfvars")
  read_tfvars_file("empty.tfvars")
  jsondecode(read_tfvars_file("empty.tfvars"))
  read_tfvars_file("${get_repo_root()}/root.tfvars")
  jsondecode(file("own.tfvars"))
  constraint_check("1.2.3", ">= 1.0, < 2.0")
  constraint_check("1.2.3", "~> 1.2")
  constraint_check("1.2.3", "~> 1.2.2")
  constraint_check("1.2.3", "~> 1.1.2")
  constraint_check("1.3.0", "~> 1.2.2")
  constraint_check("1.2.3", "~> 1")
  constraint_check("2.2.3", "~> 1")
  constraint_check("0.9.3", "~> 1")
  constraint_check("1.2.3", "1.2.3")
  constraint_check("1.2.3", "= 1.2")
  constraint_check("1.2.0", "= 1.2")
  constraint_check("1.2", "1.2.0")
  constraint_check("1.2", "~> 1.2.0")
  constraint_check("v1.2.3", ">= 1.2.3")
  constraint_check("1.2.3", "!= 1.2.3")
  constraint_check("1.2.3", "> 1.2.3")
  constraint_check("1.2.3", "<= 1.2.3")
  constraint_check("1.10.0", "> 1.9.0")
  constraint_check("1.2.3", ">=1.2.3,<2")
  constraint_check("1.2.3-rc1", ">= 1.2.0")
  constraint_check("x", ">= 1.2.0")
  constraint_check("1.2.3", "=> 1.2.0")
  constraint_check("1.2.3", "")
  mark_as_read("own.tfvars")
  deep_merge({ a = 1 }, { b = 2 })
}
