//! Expressions from a tape of bytes: each byte decides what comes next, and where the tape ends everything is as simple as
//! it can be. So a shorter tape, or one with smaller bytes, is a simpler expression, which is what shrinking needs.
//!
//! Expressions are made by the type that they should have; now and then one is put where another type belongs.

/// Reads a tape.
pub(super) struct Tape<'t> {
    bytes: &'t [u8],
    /// The variables that may be used, by the type of their values.
    pub(super) names: Names,
}

/// Names of values of each type.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub(super) text: Vec<String>,
    pub(super) number: Vec<String>,
    pub(super) flag: Vec<String>,
    pub(super) list: Vec<String>,
    pub(super) map: Vec<String>,
    pub(super) any: Vec<String>,
}

const TEXTS: [&str; 16] = [
    "\"a\"",
    "\"v0.52.1\"",
    "\"\"",
    "\"B c\"",
    "\"10\"",
    "\"true\"",
    "\"a/b/c.hcl\"",
    "\"  x \"",
    "\"a,b,,c\"",
    "\"{\\\"a\\\": [1, \\\"x\\\"]}\"",
    "\"1.50\"",
    "\"line\\nnext\\n\"",
    "\"a: 1\\nb: [x, y]\\n\"",
    "\"é\"",
    "\"$${x}%%{y}\"",
    "\"0\"",
];
const NUMBERS: [&str; 12] = ["1", "0", "2", "-3", "10", "1.5", "0.25", "100000000004", "7", "1e3", "0.1", "1000000"];
const PATTERNS: [&str; 10] = [
    "\"[a-z]+\"",
    "\"([a-z])([0-9])\"",
    "\"(?P<x>[a-z])\"",
    "\"^v?([0-9]+)\\\\.\"",
    "\"x*\"",
    "\"[^/]+$\"",
    "\".\"",
    "\"(a|b)?c\"",
    "\"\\\\s+\"",
    "\"\\\\bx\"",
];

impl<'t> Tape<'t> {
    pub(super) fn new(bytes: &'t [u8], names: Names) -> Self {
        Self { bytes, names }
    }

    /// A number below `n`.
    pub(super) fn below(&mut self, n: usize) -> usize {
        let Some((first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        usize::from(*first) % n
    }

    fn one(&mut self, of: &[&str]) -> String {
        of[self.below(of.len())].to_owned()
    }

    fn name(&mut self, of: impl Fn(&Names) -> &Vec<String>) -> Option<String> {
        let n = of(&self.names).len();
        (n > 0).then(|| self.below(n)).map(|at| of(&self.names)[at].clone())
    }

    /// An expression of any type.
    pub(super) fn any(&mut self, depth: usize) -> String {
        match self.below(if depth == 0 { 6 } else { 14 }) {
            0 | 6 => self.text(depth),
            1 | 7 => self.list(depth),
            2 => self.number(depth),
            3 => self.flag(depth),
            4 | 8 => self.map(depth),
            5 => self.name(|names| &names.any).unwrap_or_else(|| "null".to_owned()),
            9 => format!("{{ a = {}, b = {} }}", self.any(depth - 1), self.any(depth - 1)),
            10 => format!("[{}, {}]", self.any(depth - 1), self.any(depth - 1)),
            11 => format!("{} ? {} : {}", self.flag(depth - 1), self.any(depth - 1), self.any(depth - 1)),
            12 => format!("jsondecode(jsonencode({}))", self.any(depth - 1)),
            _ => match self.below(4) {
                0 => format!("yamldecode({})", self.text(depth - 1)),
                1 => format!("jsondecode({})", self.text(depth - 1)),
                2 => format!("merge({{ a = {} }}, {})", self.any(depth - 1), self.map(depth - 1)),
                _ => format!("coalesce({}, {})", self.any(depth - 1), self.any(depth - 1)),
            },
        }
    }

    /// Something that often fails, mostly with a way out.
    fn risky(&mut self, expression: String, otherwise: &str) -> String {
        if self.below(4) == 3 || expression.contains("<<") {
            return expression;
        }
        format!("try({expression}, {otherwise})")
    }

    /// A string.
    pub(super) fn text(&mut self, depth: usize) -> String {
        let made = self.some_text(depth);
        if depth == 0 { made } else { self.risky(made, "\"d\"") }
    }

    fn some_text(&mut self, depth: usize) -> String {
        if depth == 0 {
            return match self.below(3) {
                2 => self.name(|names| &names.text).unwrap_or_else(|| "\"a\"".to_owned()),
                _ => self.one(&TEXTS),
            };
        }
        let d = depth - 1;
        match self.below(32) {
            0 => self.text(0),
            1 => format!("\"x${{{}}}-${{{}}}\"", self.text(d), self.any(d)),
            2 => format!("{} ? {} : {}", self.flag(d), self.text(d), self.text(d)),
            3 => format!("format(\"%s-%s\", {}, {})", self.text(d), self.any(d)),
            4 => {
                let verb = self.one(&["%s", "%v", "%d", "%q", "%5s|", "%-5s|", "%05d", "%x", "%+d", "%t", "%%"]);
                format!("format(\"{verb}\", {})", self.any(d))
            }
            5 => format!("join({}, {})", self.text(0), self.list(d)),
            6 => format!("try({}.k, {}, {})", self.map(d), self.any(d), self.text(d)),
            7 => format!("lookup({}, {}, {})", self.map(d), self.text(0), self.text(d)),
            8 => format!("{}[{}]", self.list(d), self.number(0)),
            9 => format!("element({}, {})", self.list(d), self.number(d)),
            10 => format!("coalesce({}, {})", self.text(d), self.any(d)),
            11 => format!("replace({}, {}, {})", self.text(d), self.text(0), self.text(0)),
            12 => {
                let pattern = self.one(&PATTERNS);
                let inner = pattern.trim_matches('"').replace('/', "\\\\/");
                let by = self.one(&["\"-\"", "\"$1\"", "\"<$0>\"", "\"$${1}x\"", "\"\""]);
                format!("replace({}, \"/{inner}/\", {by})", self.text(d))
            }
            13 => format!("regex({}, {})", self.one(&PATTERNS), self.text(d)),
            14 => {
                let name = self.one(&[
                    "upper",
                    "lower",
                    "title",
                    "trimspace",
                    "chomp",
                    "strrev",
                    "base64encode",
                    "urlencode",
                    "basename",
                    "dirname",
                    "tostring",
                    "base64decode",
                ]);
                format!("{name}({})", self.text(d))
            }
            15 => {
                let name = self.one(&["trimprefix", "trimsuffix", "trim"]);
                format!("{name}({}, {})", self.text(d), self.text(0))
            }
            16 => format!("substr({}, {}, {})", self.text(d), self.number(0), self.number(0)),
            17 => format!("jsonencode({})", self.any(d)),
            18 => format!(
                "\"%{{ if {} }}{}%{{ else }}${{{}}}%{{ endif }}\"",
                self.flag(d),
                self.one(&["a", " b ", ""]),
                self.text(d)
            ),
            19 => {
                let list = self.list(d);
                let strip = self.one(&["", "~"]);
                let inner = self.with("x", |names| &mut names.text, |tape| tape.text(d));
                format!("\" %{{ for x in {list} {strip}}} ${{{inner}}} %{{{strip} endfor }} \"")
            }
            20 => format!("indent({}, {})", self.one(&["2", "0", "1", "-1", "1.5"]), self.text(d)),
            21 => format!("tostring({})", self.any(d)),
            22 => format!("{}.k", self.map(d)),
            23 => format!("{}[\"k\"]", self.map(d)),
            24 => format!("split({}, {})[0]", self.text(0), self.text(d)),
            25 => format!("\"${{{}}}\"", self.any(d)),
            26 => format!("one([{}])", self.text(d)),
            27 => format!("\" ${{~ {} ~}} b\"", self.text(d)),
            28 => format!("<<-EOT\n      a ${{{}}}\n    b\n      EOT\n", self.text(0)),
            29 => format!("({})", self.text(d)),
            30 => format!("[for x in {} : x][0]", self.list(d)),
            _ => self.any(d),
        }
    }

    pub(super) fn number(&mut self, depth: usize) -> String {
        let made = self.some_number(depth);
        if depth == 0 { made } else { self.risky(made, "7") }
    }

    fn some_number(&mut self, depth: usize) -> String {
        if depth == 0 {
            return match self.below(4) {
                3 => self.name(|names| &names.number).unwrap_or_else(|| "1".to_owned()),
                _ => self.one(&NUMBERS),
            };
        }
        let d = depth - 1;
        match self.below(14) {
            0 => self.number(0),
            1 => format!("length({})", self.any(d)),
            2 => {
                let operator = self.one(&["+", "-", "*", "/", "%"]);
                // Infinity can't be printed.
                let right = if operator == "/" { self.one(&["2", "3", "0.5", "-4"]) } else { self.number(d) };
                format!("({} {operator} {right})", self.number(d))
            }
            3 => {
                let name = self.one(&["abs", "ceil", "floor", "signum", "tonumber"]);
                format!("{name}({})", self.number(d))
            }
            4 => {
                let name = self.one(&["max", "min"]);
                format!("{name}({}, {})", self.number(d), self.number(d))
            }
            5 => format!("tonumber({})", self.text(d)),
            6 => format!("{} ? {} : {}", self.flag(d), self.number(d), self.number(d)),
            7 => format!("index({}, {})", self.list(d), self.text(d)),
            8 => format!("sum([{}, {}])", self.number(d), self.number(d)),
            9 => format!("parseint({}, {})", self.text(d), self.one(&["10", "16", "2"])),
            10 => format!("-{}", self.number(d)),
            11 => format!("length({})", self.list(d)),
            12 => format!(
                "pow({}, {})",
                self.one(&["2", "-3", "10", "1.5"]),
                self.one(&["2", "0", "3", "-1", "0.5", "10"])
            ),
            _ => self.any(d),
        }
    }

    pub(super) fn flag(&mut self, depth: usize) -> String {
        let made = self.some_flag(depth);
        if depth == 0 { made } else { self.risky(made, "false") }
    }

    fn some_flag(&mut self, depth: usize) -> String {
        if depth == 0 {
            return match self.below(3) {
                2 => self.name(|names| &names.flag).unwrap_or_else(|| "true".to_owned()),
                _ => self.one(&["true", "false"]),
            };
        }
        let d = depth - 1;
        match self.below(14) {
            0 => self.flag(0),
            1 => format!("({} == {})", self.text(d), self.text(d)),
            2 => format!("({} != {})", self.any(d), self.any(d)),
            3 => {
                let operator = self.one(&["<", "<=", ">", ">="]);
                format!("({} {operator} {})", self.number(d), self.number(d))
            }
            4 => format!("!{}", self.flag(d)),
            5 => {
                let operator = self.one(&["&&", "||"]);
                format!("({} {operator} {})", self.flag(d), self.flag(d))
            }
            6 => format!("contains({}, {})", self.list(d), self.text(d)),
            7 => {
                let name = self.one(&["startswith", "endswith", "strcontains"]);
                format!("{name}({}, {})", self.text(d), self.text(d))
            }
            8 => format!("can({})", self.any(d)),
            9 => format!("tobool({})", self.any(d)),
            10 => {
                let name = self.one(&["alltrue", "anytrue"]);
                format!("{name}([{}, {}])", self.flag(d), self.flag(d))
            }
            11 => format!("({} == null)", self.any(d)),
            12 => format!("contains({}, {})", self.list(d), self.any(d)),
            _ => self.any(d),
        }
    }

    /// A list, mostly of strings.
    pub(super) fn list(&mut self, depth: usize) -> String {
        let made = self.some_list(depth);
        if depth == 0 { made } else { self.risky(made, "[\"d\"]") }
    }

    fn some_list(&mut self, depth: usize) -> String {
        if depth == 0 {
            return match self.below(8) {
                7 => "[1, \"1\", true]".to_owned(),
                6 => "[3, 1, 2]".to_owned(),
                5 => self.one(&["[]", "[null]", "[[\"a\"], [\"b\", \"c\"]]", "[{ k = \"v\" }, { k = \"w\" }]"]),
                3 | 4 => self.name(|names| &names.list).unwrap_or_else(|| "[\"a\"]".to_owned()),
                _ => self.one(&["[\"b\", \"a\", \"b\"]", "[\"a\"]", "[\"\", \"x\"]"]),
            };
        }
        let d = depth - 1;
        match self.below(26) {
            0 => self.list(0),
            1 => format!("[{}, {}]", self.text(d), self.any(d)),
            2 => format!("split({}, {})", self.text(0), self.text(d)),
            3 => format!("concat({}, {})", self.list(d), self.list(d)),
            4 => {
                let list = self.list(d);
                let inner = self.with("x", |names| &mut names.text, |tape| tape.any(d));
                format!("[for x in {list} : {inner}]")
            }
            5 => {
                let list = self.list(d);
                let inner =
                    self.with("x", |names| &mut names.text, |tape| format!("{} if {}", tape.text(d), tape.flag(d)));
                format!("[for i, x in {list} : {inner}]")
            }
            6 => {
                let map = self.map(d);
                let inner = self.with("v", |names| &mut names.text, |tape| tape.text(d));
                format!("[for k, v in {map} : \"${{k}}${{{inner}}}\"]")
            }
            7 => {
                let name = self.one(&["sort", "distinct", "compact", "reverse", "toset", "tolist", "flatten"]);
                format!("{name}({})", self.list(d))
            }
            8 => format!("slice({}, {}, {})", self.list(d), self.number(0), self.number(0)),
            9 => format!("keys({})", self.map(d)),
            10 => format!("values({})", self.map(d)),
            11 => format!("tolist(toset({}))", self.list(d)),
            12 => format!("flatten([{}, [{}]])", self.list(d), self.any(d)),
            13 => {
                let name = self.one(&["setunion", "setintersection", "setsubtract"]);
                format!("{name}({}, {})", self.list(d), self.list(d))
            }
            14 => format!("formatlist(\"%s!\", {})", self.list(d)),
            15 => format!("regexall({}, {})", self.one(&PATTERNS), self.text(d)),
            16 => format!("coalescelist({}, {})", self.list(d), self.list(d)),
            17 => format!("{} ? {} : {}", self.flag(d), self.list(d), self.list(d)),
            18 => {
                let name = self.one(&["", ", 1"]);
                format!("range({}{name})", self.number(0))
            }
            19 => format!("chunklist({}, {})", self.list(d), self.number(0)),
            20 => format!("({})[*]", self.any(d)),
            21 => format!("{}[*].k", self.list(d)),
            22 => format!("setproduct({}, {})", self.list(d), self.list(d)),
            23 => format!("matchkeys({}, {}, {})", self.list(d), self.list(d), self.list(d)),
            24 => format!("try({}, {})", self.any(d), self.list(d)),
            _ => self.any(d),
        }
    }

    /// A map, mostly of strings.
    pub(super) fn map(&mut self, depth: usize) -> String {
        let made = self.some_map(depth);
        if depth == 0 { made } else { self.risky(made, "{ d = \"d\" }") }
    }

    fn some_map(&mut self, depth: usize) -> String {
        if depth == 0 {
            return match self.below(6) {
                5 => "{ k = 1, l = \"x\", m = [true] }".to_owned(),
                4 => self.one(&["{}", "{ k = null }", "{ a = { b = \"c\" } }"]),
                3 => self.name(|names| &names.map).unwrap_or_else(|| "{ k = \"v\" }".to_owned()),
                _ => self.one(&["{ k = \"v\" }", "{ a = \"1\", b = \"2\" }"]),
            };
        }
        let d = depth - 1;
        match self.below(13) {
            0 => self.map(0),
            1 => format!("{{ k = {}, (\"l\") = {} }}", self.any(d), self.text(d)),
            2 => format!("merge({}, {})", self.map(d), self.map(d)),
            3 => {
                let list = self.list(d);
                let inner = self.with("x", |names| &mut names.text, |tape| tape.any(d));
                format!("{{ for i, x in {list} : \"k${{i}}\" => {inner} }}")
            }
            4 => {
                let map = self.map(d);
                let inner = self.with("v", |names| &mut names.text, |tape| tape.any(d));
                format!("{{ for k, v in {map} : k => {inner} if {} }}", self.flag(d))
            }
            5 => {
                let list = self.list(d);
                format!("{{ for x in {list} : x => {}... }}", self.text(d))
            }
            6 => format!("zipmap({}, {})", self.list(d), self.list(d)),
            7 => format!("tomap({})", self.map(d)),
            8 => format!("{} ? {} : {}", self.flag(d), self.map(d), self.map(d)),
            9 => format!("try({}, {})", self.any(d), self.map(d)),
            10 => format!("jsondecode(jsonencode({}))", self.map(d)),
            11 => format!("transpose({})", self.map(d)),
            _ => self.any(d),
        }
    }

    /// Makes something in which one more name may be used.
    fn with<T>(
        &mut self,
        name: &str,
        of: impl Fn(&mut Names) -> &mut Vec<String>,
        make: impl FnOnce(&mut Self) -> T,
    ) -> T {
        of(&mut self.names).push(name.to_owned());
        let made = make(self);
        of(&mut self.names).pop();
        made
    }
}
