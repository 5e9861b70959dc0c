//! Which rollups are due, and which are of what is gone.

use super::*;

/// A file of a day, with so many rows.
fn file(day: i32, name: &str, n_rows: u64) -> DataFile {
    DataFile {
        path: format!("day={day}/{name}"),
        n_bytes: n_rows,
        n_rows,
        day,
        ts: (0, 0),
        observed_ts: (0, 0),
    }
}

const LARGE: u64 = ROLLED_ROWS_MIN;
const TODAY: i32 = 28 * 3 + 5;

/// What is due, as first day and number of files; the rollups that this leaves.
fn step(
    logs: &[DataFile],
    rollups: &[DataFile],
    tried: &Tried,
) -> (Vec<(i32, usize)>, Vec<DataFile>) {
    let (due, gone) = due(logs, rollups, TODAY, tried);
    let due_days = due.iter().map(|due| (due.day, due.files.len()));
    let made = due.iter().map(|due| DataFile {
        path: due.path.clone(),
        ..file(due.day, "", 0)
    });
    let kept = rollups.iter().filter(|file| !gone.contains(file)).cloned();
    (due_days.collect(), kept.chain(made).collect())
}

#[track_caller]
fn check(logs: &[DataFile], rollups: Vec<DataFile>, expected: &[(i32, usize)]) -> Vec<DataFile> {
    let (due, rollups) = step(logs, &rollups, &Tried::default());
    assert_eq!(due, expected);
    rollups
}

#[test]
fn four_weeks_are_counted_after_their_large_files_and_when_they_are_over() {
    let logs = [
        file(0, "a", 1),
        file(3, "b", LARGE),
        file(27, "c", 1),
        // Alone in its four weeks.
        file(30, "d", 1),
        // Four weeks that are not over.
        file(84, "e", 1),
        file(85, "f", LARGE),
    ];
    let rollups = check(&logs, Vec::new(), &[(85, 1), (3, 1)]);
    let rollups = check(&logs, rollups, &[(0, 3)]);
    assert_eq!(check(&logs, rollups.clone(), &[]), rollups);
}

#[test]
fn what_cannot_be_counted_now_is_not_counted_into_its_four_weeks() {
    let logs = [file(0, "a", 1), file(3, "b", LARGE)];
    let tried = Tried {
        files: HashSet::from([logs[1].path.clone()]),
        ..Tried::default()
    };
    assert_eq!(step(&logs, &[], &tried), (vec![], vec![]));
    // Once it could be, all is.
    let rollups = check(&logs, Vec::new(), &[(3, 1)]);
    check(&logs, rollups, &[(0, 2)]);
}

#[test]
fn four_weeks_count_these_files_in_these_parts_alone() {
    let mut logs = vec![file(0, "a", 1), file(3, "b", 2)];
    let small = check(&logs, Vec::new(), &[(0, 2)]);
    // A file more, a file less, a small one that has a rollup now: another path each time, the old one goes.
    let of_b = DataFile {
        path: logs[1].path.clone(),
        ..file(3, "", 0)
    };
    let with_rolled = check(&logs, [small.clone(), vec![of_b]].concat(), &[(0, 2)]);
    assert_eq!(with_rolled.len(), 2, "that of b, and a new one");
    assert!(!with_rolled.contains(&small[0]));
    logs.push(file(5, "c", 1));
    let with_more = check(&logs, small.clone(), &[(0, 3)]);
    assert_eq!((with_more.len(), with_more.contains(&small[0])), (1, false));
    logs.remove(0);
    let with_less = check(&logs, with_more.clone(), &[(0, 2)]);
    assert!(with_less.len() == 1 && with_less != with_more);
    // Lines that come late again and again are counted the next time.
    let tried = Tried {
        first_days: HashSet::from([0]),
        ..Tried::default()
    };
    assert_eq!(step(&logs, &with_more, &tried), (vec![], vec![]));
}
