//! Lines that fit the screen.

use super::one_line;

/// How wide text is where no terminal says how much room there is.
pub const WIDTH: usize = 80;

/// The least width that text is made for; a terminal that is narrower breaks lines by itself.
const LEAST: usize = 40;

/// How many columns a text takes: one for each character, which is true of all that is printed here.
pub fn shown_width(text: &str) -> usize {
    text.chars().count()
}

/// How wide text is made for a terminal with so many columns.
pub fn page_width(columns: Option<usize>) -> usize {
    columns.map_or(WIDTH, |columns| columns.max(LEAST))
}

/// Words behind a beginning, broken at spaces; further lines begin at a column.
pub fn wrapped(head: &str, indent: usize, words: &str, width: usize) -> String {
    let (head, words) = (one_line(head), one_line(words));
    // Words need room beside a long beginning.
    let indent = indent.min(width / 2);
    let lines = folded(&format!("{head:<indent$}{}", words.trim()), 0, width, indent);
    lines.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// A text without any of its spaces lost, in lines behind a beginning, which end behind a space; further lines begin below
/// the first.
pub fn chunked(head: &str, text: &str, width: usize) -> String {
    let (head, text) = (one_line(head), text.replace('\n', "\\n"));
    let indent = shown_width(&head).min(width / 2);
    let text = format!("{head}{}", one_line(&text));
    let mut rest = text.as_str();
    let words = std::iter::from_fn(|| {
        let word_at = rest.len() - rest.trim_start_matches(' ').len();
        let end = rest[word_at..].find(' ').map_or(rest.len(), |at| word_at + at);
        let (word, after) = rest.split_at(end);
        rest = after;
        (!word.is_empty()).then(|| word.split_at(word_at))
    });
    laid(words, 0, width, indent, true) + "\n"
}

/// A text that begins at a column, broken at spaces where it is wider than a terminal. Further lines begin at `indent`. A
/// word, which may be a path, is never broken, nor is what belongs together.
pub fn folded(text: &str, column: usize, width: usize, indent: usize) -> String {
    if column.saturating_add(shown_width(text)) <= width {
        return text.to_owned();
    }
    // A column that is narrower than a word is no help.
    let indent = if width < 2 * indent { width.min(2) } else { indent };
    laid(pieces(text, width - indent), column, width, indent, false)
}

/// Pieces, each with the gap before it, in lines. What doesn't fit at `indent` begins as much further left as it has to; what
/// is longer than a line stands whole on a line of its own, which the terminal breaks, so that it can be copied. A gap
/// where a line ends is left out unless it `stays`.
fn laid<'t>(
    pieces: impl IntoIterator<Item = (&'t str, &'t str)>,
    column: usize,
    width: usize,
    indent: usize,
    stays: bool,
) -> String {
    let (mut lines, mut at) = (String::new(), column);
    for (gap, piece) in pieces {
        let n = shown_width(piece);
        let (is_wide, is_long) = (at + gap.len() + n > width, n > width);
        if is_wide && at > if is_long { indent } else { 0 } {
            let pad = if is_long { indent } else { indent.min(width - n) };
            lines += if stays { gap } else { "" };
            lines += &format!("\n{}{piece}", " ".repeat(pad));
            at = pad + n;
        } else {
            let gap = if is_wide && !is_long { &gap[..width - n] } else { gap };
            lines += &format!("{gap}{piece}");
            at += gap.len() + n;
        }
    }
    lines
}

/// A line that fits a terminal. What is folded stands below the text behind the line's first word or column.
pub fn fitted(line: &str, width: usize) -> String {
    const OF_LOG: &str = "  | ";
    if let Some(rest) = line.strip_prefix(OF_LOG) {
        let lines = folded(rest, 0, width.saturating_sub(OF_LOG.len()).max(1), 0);
        return format!("{OF_LOG}{}", lines.replace('\n', &format!("\n{OF_LOG}")));
    }
    let own = line.len() - line.trim_start_matches(' ').len();
    let (item, text) = (line[own..].starts_with("- "), &line[own..]);
    // Of an item that has a name, the longest of the names stands next to its text.
    let name = text.find(": ").filter(|end| item && !text[2..*end].contains(' '));
    let column = name.map(|end| end + 1).or_else(|| text.find("  ")).map(|gap| {
        let rest = text[gap..].trim_start_matches(' ');
        shown_width(&line[..line.len() - rest.len()])
    });
    let indent = column.filter(|column| *column <= width / 2).unwrap_or(own + 2);
    folded(line, 0, width, indent)
}

/// Programs whose commands are told to be typed.
const PROGRAMS: [&str; 8] = ["aws", "cargo", "curl", "docker", "export", "git", "terraform", "terragrunt"];

/// What commands of this program begin with.
const OURS: &str = "cargo xtask ";

fn is_command(text: &str) -> bool {
    text.contains(OURS) || text.split_once(' ').is_some_and(|(word, _)| PROGRAMS.contains(&word))
}

/// The parts of a text that stay together, each with the gap before it: words, options with their values, what stands
/// between backticks if a line has room for it, and commands.
fn pieces(text: &str, most: usize) -> impl Iterator<Item = (&str, &str)> {
    let (mut rest, mut may_be_command) = (text, true);
    std::iter::from_fn(move || {
        let body = rest.trim_start_matches(' ');
        let gap = &rest[..rest.len() - body.len()];
        if body.is_empty() {
            return None;
        }
        let (piece, after) = body.split_at(end_of_piece(body, may_be_command, most));
        (rest, may_be_command) = (after, piece.ends_with(':'));
        Some((gap, piece))
    })
}

fn end_of_piece(body: &str, may_be_command: bool, most: usize) -> usize {
    let word_end = |from: usize| body[from..].find(' ').map_or(body.len(), |at| from + at);
    let end = word_end(0);
    let word = &body[..end];
    if body.starts_with(OURS) || may_be_command && PROGRAMS.contains(&word) {
        let mut to = end;
        while to < body.len() && !body[..to].ends_with([',', ';', ')']) {
            to = word_end(to + 1);
        }
        return to;
    }
    let together = if word.matches('`').count() % 2 == 1 {
        let together = body[end..].find('`').map(|at| word_end(end + at));
        if let Some(to) = together.filter(|to| is_command(&body[word.find('`').unwrap_or_default() + 1..*to])) {
            return to;
        }
        together
    } else if word == "<-" {
        Some(word_end(body.len().min(end + 1)))
    } else {
        let is_option = word.trim_start_matches('(').starts_with("--") && !word.contains('=');
        let is_open = is_option && word.ends_with(|last: char| last.is_ascii_alphanumeric());
        let has_value = body[end..].chars().nth(1).is_some_and(|next| next.is_alphanumeric());
        (is_open && has_value).then(|| word_end(end + 1))
    };
    together.filter(|to| shown_width(&body[..*to]) <= most).unwrap_or(end)
}

/// The beginning of a text that is too long, on one line.
pub fn cut(text: &str, width: usize) -> String {
    let text = text.replace(|letter: char| letter.is_control(), " ");
    if shown_width(&text) <= width {
        return text;
    }
    text.chars().take(width.saturating_sub(1)).chain(std::iter::once('…')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_whatever_is_in_them() {
        let words = format!("{} {}", "word ".repeat(30), "x".repeat(200));
        for line in wrapped("  Head   ", 9, &words, WIDTH).lines() {
            assert!(shown_width(line) <= WIDTH || line.trim() == "x".repeat(200), "{line}");
        }
        assert_eq!(wrapped("  a  ", 5, "b c", WIDTH), "  a  b c\n");
        assert_eq!(wrapped("  a  b", 5, "", WIDTH), "  a  b\n");
        assert_eq!(cut("a\nbcdef", 4), "a b…");
        assert_eq!(chunked("  a  ", "b  c\nd", WIDTH), "  a  b  c\\nd\n");
    }

    #[test]
    fn text_and_its_beginning_may_be_of_any_length() {
        let long = "x".repeat(100_000);
        let head = format!("  {}", "tag ".repeat(100));
        for text in
            [wrapped(&head, head.len(), &long, WIDTH), wrapped("  a  ", 5, &long, WIDTH), chunked(&head, &long, WIDTH)]
        {
            assert!(text.lines().any(|line| line.contains(&long)), "what is longer than a line is never broken by us");
        }
        let lines = wrapped(&head, head.len(), &long, WIDTH);
        assert!(lines.lines().all(|line| shown_width(line) <= WIDTH || line.trim() == long));
        assert_eq!(folded(&"word ".repeat(100_000), 0, 80, 13).matches("word").count(), 100_000);
    }

    #[test]
    fn text_that_is_wider_than_the_terminal_is_broken_at_spaces_and_below_itself() {
        let indent = " ".repeat(13);
        let words = "nothing new is started,   what runs is waited for";
        assert_eq!(folded(words, 13, 80, 13), words);
        assert_eq!(folded(words, 13, usize::MAX, 13), words);
        let lines = format!("nothing new is\n{indent}started,   what runs\n{indent}is waited for");
        assert_eq!(folded(words, 13, 34, 13), lines);
        let path = "/a/path/that/is/longer/than/the/line";
        assert_eq!(folded(&format!("in {path} it is"), 13, 30, 13), format!("in\n{indent}{path}\n{indent}it is"));
        assert_eq!(
            folded("Stopping     now or never and here", 0, 30, 13),
            format!("Stopping     now or never and\n{indent}here")
        );
        assert_eq!(folded("nothing new is started", 13, 20, 13), "nothing\n  new is started");
    }

    #[test]
    fn word_that_fits_the_line_but_not_its_column_begins_further_left() {
        let path = "shared/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl:20";
        let line = format!("  source = v1   {path}");
        assert_eq!(fitted(&line, 60), format!("  source = v1\n   {path}"));
        assert_eq!(folded(path, 13, 60, 13), format!("\n   {path}"), "behind a verb");
        assert_eq!(wrapped("", 12, path, 60), format!("   {path}\n"));
        assert_eq!(chunked(&" ".repeat(12), path, 60), format!("   {path}\n"));
        assert_eq!(fitted(&line, 50), line, "nothing helps");
        assert_eq!(fitted(&format!("  | {path}"), 60), format!("  | {path}"));
    }

    #[test]
    fn quoted_command_that_is_longer_than_the_line_stays_whole() {
        let command = "`cargo xtask rehearse --in /tmp/a/folder -- why dev kaniko`";
        assert_eq!(folded(&format!("see {command} for it"), 6, 40, 2), format!("see\n  {command}\n  for it"));
        assert_eq!(
            fitted("    = \"v1.3.0\"   common.hcl:25   <- pin", 36),
            "    = \"v1.3.0\"   common.hcl:25\n                 <- pin"
        );
    }

    #[test]
    fn no_space_of_a_chunked_text_is_lost() {
        let text = "one  two   three ".repeat(20) + "  ";
        for width in 20..100 {
            let lines = chunked("    -> ", &text, width);
            let told: String = lines
                .lines()
                .map(|line| line.strip_prefix("       ").or(line.strip_prefix("    -> ")).unwrap())
                .collect();
            assert_eq!(told, text, "{width}");
        }
    }

    #[test]
    fn options_commands_and_what_is_quoted_stay_whole_and_nothing_is_lost() {
        let text = "nobody answered; `--yes` alone is not enough, add --allow unexpected (see `why dev kaniko`), or go on \
                    by cargo xtask runs resume k3f --account dev, and look at: git diff --stat origin/main";
        for width in 26..140 {
            let lines = folded(text, 7, width, 7);
            let together =
                ["--allow unexpected", "`why dev kaniko`", "runs resume k3f --account dev,", "git diff --stat"];
            for whole in together.iter().filter(|whole| whole.len() <= width - 7) {
                assert!(lines.contains(whole), "{whole} in {width}: {lines}");
            }
            assert_eq!(lines.split_whitespace().collect::<Vec<_>>(), text.split_whitespace().collect::<Vec<_>>());
        }
    }

    #[test]
    fn word_that_fits_a_line_is_never_broken() {
        let name = "module.ecs_deploy_runner.aws_ecs_task_definition.the_one_with_a_name";
        for width in [80, 90, 200] {
            assert!(wrapped("  ! replace", 12, name, width).contains(name), "{width}");
            assert!(chunked(&" ".repeat(12), &format!("arn and {name} and so on"), width).contains(name), "{width}");
        }
    }

    #[test]
    fn line_is_folded_below_its_text() {
        assert_eq!(fitted("  accounts  dev stage prod", 22), "  accounts  dev stage\n    prod");
        assert_eq!(fitted("  acc  dev stage prod logs", 24), "  acc  dev stage prod\n       logs");
        assert_eq!(fitted("  | one two three", 12), "  | one two\n  | three");
        assert_eq!(fitted("   --> common.hcl:26", 12), "   -->\n     common.hcl:26");
        for item in ["- longest: one two three four five", "- short:   one two three four five"] {
            let lines = format!("  {}\n             four five", &item[..24]);
            assert_eq!(fitted(&format!("  {item}"), 30), lines);
        }
    }
}
