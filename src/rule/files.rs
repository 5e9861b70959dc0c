//! Where rules come from: the shipped ones and the user's folder; and which of them are in use.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rust_embed::RustEmbed;

use super::{AlertRule, RuleError};

/// A rule's file is text that a person writes.
const FILE_BYTES_MAX: u64 = 256 << 10;

/// The rules that the program carries.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/queries/alerts"]
#[include = "*.toml"]
#[exclude = "tests/*"]
struct Shipped;

/// The rules of a folder over the shipped ones, by file name; a file in `dir/alerts` takes the place of a
/// shipped one of the same name.
pub type Files = BTreeMap<String, Result<AlertRule, RuleError>>;

/// Whether the program carries a rule's file of this name.
pub fn is_shipped(file_name: &str) -> bool {
    Shipped::get(file_name).is_some()
}

/// Reads all rules, each for itself; an error when the folder itself cannot be read.
pub fn read_files(dir: &Path) -> Result<Files, RuleError> {
    let mut files: Files = Shipped::iter()
        .filter_map(|name| {
            let file = Shipped::get(&name)?;
            let rule = AlertRule::parse(&name, &String::from_utf8_lossy(&file.data));
            Some((name.into_owned(), rule))
        })
        .collect();
    let mut own = BTreeSet::new();
    let dir = dir.join("alerts");
    let failed = |source| RuleError::Read {
        path: dir.clone(),
        source,
    };
    let base = dir.canonicalize().unwrap_or_default();
    if let Ok(about) = std::fs::metadata(&dir)
        && let Some(what) = who_else_writes(about.mode(), about.uid(), about.gid())
    {
        return Err(RuleError::Invalid {
            name: dir.display().to_string(),
            what: what.replace("file", "folder"),
        });
    }
    let entries = match std::fs::read_dir(&dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        entries => Some(entries.map_err(failed)?),
    };
    for entry in entries.into_iter().flatten() {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let name = entry.file_name().to_string_lossy().into_owned();
            let rule = read_file(&path, &base).and_then(|text| AlertRule::parse(&name, &text));
            own.insert(name.clone());
            files.insert(name, rule);
        }
    }
    // Shipped rules have their ids first; of the user's files the first by name.
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    for (name, file) in files.iter().filter(|(name, _)| !own.contains(*name)) {
        if let Ok(rule) = file {
            owners.insert(rule.id.clone(), name.clone());
        }
    }
    for (name, file) in files.iter_mut().filter(|(name, _)| own.contains(*name)) {
        let Ok(rule) = file else { continue };
        if let Some(other) = owners.get(&rule.id) {
            let what = format!("{other} has the id {} too", rule.id);
            *file = Err(RuleError::Invalid {
                name: name.clone(),
                what,
            });
        } else {
            owners.insert(rule.id.clone(), name.clone());
        }
    }
    Ok(files)
}

/// Reads a rule's file, unless others than its owner may change what it says: who writes rules decides what is
/// asked and who is woken. A link may lead to another place of the folder, as mounted configuration has it, and
/// not out of it. A group of the owner's own (its number is the owner's) counts as the owner.
fn read_file(path: &Path, base: &Path) -> Result<String, RuleError> {
    let failed = |source| RuleError::Read {
        path: path.to_owned(),
        source,
    };
    let refused = |what: &str| RuleError::Invalid {
        name: path.display().to_string(),
        what: what.to_owned(),
    };
    if !path.canonicalize().map_err(failed)?.starts_with(base) {
        return Err(refused(
            "it is a link that leads out of the folder: copy the file",
        ));
    }
    let about = std::fs::metadata(path).map_err(failed)?;
    if let Some(what) = who_else_writes(about.mode(), about.uid(), about.gid()) {
        return Err(refused(what));
    }
    if about.len() > FILE_BYTES_MAX {
        return Err(refused("it is larger than 256 KiB, which no rule is"));
    }
    std::fs::read_to_string(path).map_err(failed)
}

/// Who besides its owner may write into a file.
pub(super) fn who_else_writes(mode: u32, uid: u32, gid: u32) -> Option<&'static str> {
    if mode & 0o002 != 0 {
        return Some("everybody may write into this file: chmod o-w");
    }
    (mode & 0o020 != 0 && gid != uid).then_some("a group may write into this file: chmod g-w")
}

/// Reads all rules; what cannot be read is told besides.
pub fn read_all(dir: &Path) -> (Vec<AlertRule>, Vec<RuleError>) {
    let (mut rules, mut problems) = (Vec::new(), Vec::new());
    let files = match read_files(dir) {
        Ok(files) => files,
        Err(problem) => return (rules, vec![problem]),
    };
    for file in files.into_values() {
        match file {
            Ok(rule) => rules.push(rule),
            Err(problem) => problems.push(problem),
        }
    }
    (rules, problems)
}

/// The rules in use: of a file that cannot be read at the moment, its last good contents.
#[derive(Debug, Default)]
pub struct InUse {
    good: BTreeMap<String, AlertRule>,
    /// A file has never been read well: whose rule it holds is not known.
    is_in_doubt: bool,
}

impl InUse {
    /// Takes up the files as they are now; returns what is wrong with them.
    pub fn update(&mut self, files: Result<Files, RuleError>) -> Vec<RuleError> {
        let files = match files {
            Ok(files) => files,
            Err(problem) => {
                self.is_in_doubt |= self.good.is_empty();
                return vec![problem];
            }
        };
        let ids: BTreeSet<&String> = files.values().flatten().map(|rule| &rule.id).collect();
        self.good
            .retain(|name, rule| files.contains_key(name) && !ids.contains(&rule.id));
        let (mut problems, mut is_in_doubt) = (Vec::new(), false);
        for (name, file) in files {
            match file {
                Ok(rule) => drop(self.good.insert(name, rule)),
                Err(problem) => {
                    is_in_doubt |= !self.good.contains_key(&name);
                    problems.push(problem);
                }
            }
        }
        self.is_in_doubt = is_in_doubt;
        problems
    }

    /// All rules that are there, or none where a file is broken that has never been read well: then nobody can
    /// say which rules are gone.
    pub fn all(&self) -> Option<Vec<AlertRule>> {
        (!self.is_in_doubt).then(|| self.rules())
    }

    /// The rules that are switched on.
    pub fn rules(&self) -> Vec<AlertRule> {
        let rules = self.good.values().filter(|rule| rule.enabled);
        rules.cloned().collect()
    }
}
