//! Variables as lines, each format quoting as its readers do.
use crate::render::outputs::Variable;
use crate::render::shell::quoted;

/// For shells: assignments, which `set -a; eval …` exports.
pub fn env(variables: &[Variable]) -> String {
    each(variables, |it| format!("{}={}", it.name, of_shell(&it.value)))
}

/// For `.env` files. Their readers differ in what they make of a backslash and of `$`, so a value is
/// quoted in the way that leaves the least to them: not at all, in double quotes, in single quotes;
/// in double quotes with escapes only where nothing else holds it.
pub fn dotenv(variables: &[Variable]) -> String {
    each(variables, |it| format!("{}={}", it.name, of_dotenv(&it.value)))
}

/// For Terraform and OpenTofu: `.tfvars`, the names in lower case as there.
pub fn tfvars(variables: &[Variable]) -> String {
    each(variables, |it| format!("{} = {}", it.name.to_lowercase(), of_hcl(&it.value)))
}

/// For the file at `$GITHUB_OUTPUT`: the names in lower case, a value of many lines between marks.
pub fn github(variables: &[Variable]) -> String {
    each(variables, |it| {
        let (name, value) = (it.name.to_lowercase(), &it.value);
        if !value.contains(['\n', '\r']) {
            return format!("{name}={value}");
        }
        // The mark may be no line of the value.
        let mut mark = "END".to_owned();
        while value.lines().any(|line| line == mark) {
            mark.push('_');
        }
        format!("{name}<<{mark}\n{value}\n{mark}")
    })
}

fn each(variables: &[Variable], line: impl Fn(&Variable) -> String) -> String {
    variables.iter().map(|it| line(it) + "\n").collect()
}

/// What nobody reads as anything but itself.
fn is_plain(value: &str) -> bool {
    value.chars().all(|it| it.is_ascii_alphanumeric() || "-_./:,".contains(it))
}

fn of_shell(value: &str) -> String {
    if is_plain(value) { value.to_owned() } else { quoted(value) }
}

fn of_dotenv(value: &str) -> String {
    let lines = value.contains(['\n', '\r']);
    if is_plain(value) {
        value.to_owned()
    } else if !lines && !value.contains(['"', '\\', '$', '`']) {
        format!("\"{value}\"")
    } else if !lines && !value.contains('\'') {
        format!("'{value}'")
    } else {
        let escaped: String = value
            .chars()
            .map(|it| match it {
                '\n' => r"\n".to_owned(),
                '\r' => r"\r".to_owned(),
                '"' | '\\' | '$' | '`' => format!(r"\{it}"),
                other => other.to_string(),
            })
            .collect();
        format!("\"{escaped}\"")
    }
}

/// A quoted string of HCL, in which `${` and `%{` would begin a template.
fn of_hcl(value: &str) -> String {
    let mut quoted = String::from('"');
    let mut letters = value.chars().peekable();
    while let Some(it) = letters.next() {
        match it {
            '"' | '\\' => quoted.extend(['\\', it]),
            '\n' => quoted.push_str(r"\n"),
            '\r' => quoted.push_str(r"\r"),
            '\t' => quoted.push_str(r"\t"),
            '$' | '%' if letters.peek() == Some(&'{') => quoted.extend([it, it]),
            it if it.is_control() => quoted.push_str(&format!(r"\u{:04x}", u32::from(it))),
            it => quoted.push(it),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: fn(&[Variable]) -> String, value: &str, expected: &str) {
        let variable = Variable { name: "A".into(), value: value.into(), secret: false };
        assert_eq!(format(&[variable]), format!("{expected}\n"), "{value}");
    }

    #[test]
    fn a_shell_reads_every_value_as_it_is() {
        check(env, "https://a.b/event", "A=https://a.b/event");
        check(env, "", "A=");
        check(env, "it's $HOME", r"A='it'\''s $HOME'");
    }

    #[test]
    fn a_dotenv_file_leaves_as_little_as_can_be_to_its_reader() {
        check(dotenv, "plain-1.2/3:4", "A=plain-1.2/3:4");
        check(dotenv, "two words # and it's more", "A=\"two words # and it's more\"");
        check(dotenv, r#"a "b" $c \d"#, r#"A='a "b" $c \d'"#);
        check(dotenv, "it's\n$5", r#"A="it's\n\$5""#);
    }

    #[test]
    fn nothing_begins_a_template_in_tfvars() {
        check(tfvars, "${a} %{b} $c $${d}", r#"a = "$${a} %%{b} $c $$${d}""#);
        check(tfvars, "a\"b\\c\nd\u{1}", r#"a = "a\"b\\c\nd\u0001""#);
    }

    #[test]
    fn github_ends_a_value_of_many_lines_at_a_mark_that_is_none_of_them() {
        check(github, "a=b", "a=a=b");
        check(github, "a\nEND\nb", "a<<END_\na\nEND\nb\nEND_");
    }
}
