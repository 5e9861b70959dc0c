//! What a query may be: one `SELECT`, of bounded length and depth, made of nodes on a list.

use datafusion::common::DataFusionError;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use super::QueryError;

/// How every refusal starts.
pub(super) const REFUSED: &str = "only SELECT is allowed here";

/// Longer texts are not written by people.
const TEXT_BYTES_MAX: usize = 64 << 10;
/// Operators at one depth: long chains make a planner recurse (DataFusion issues 22188, 22229).
const OPERATORS_MAX: usize = 500;
/// Nesting of parentheses.
const DEPTH_MAX: usize = 50;

/// Refuses texts that are too long, too deep or more than one statement, before anything is parsed.
pub(super) fn check_text(sql: &str) -> Result<(), QueryError> {
    let refuse = |why: String| Err(QueryError::Refused(why));
    if sql.len() > TEXT_BYTES_MAX {
        return refuse(format!(
            "the query is longer than {} KiB",
            TEXT_BYTES_MAX >> 10
        ));
    }
    let tokens = Tokenizer::new(&GenericDialect {}, sql)
        .tokenize()
        .map_err(|error| QueryError::Invalid(error.to_string()))?;
    let (mut depth, mut operators, mut ended) = (0_usize, 0_usize, false);
    for token in &tokens {
        match token {
            Token::Whitespace(_) => continue,
            Token::SemiColon => {
                ended = true;
                continue;
            }
            _ if ended => return refuse(format!("{REFUSED}: one statement at a time")),
            Token::LParen | Token::LBracket => depth += 1,
            Token::RParen | Token::RBracket => depth = depth.saturating_sub(1),
            Token::Plus | Token::Minus | Token::Div | Token::Mod | Token::StringConcat => {
                operators += 1
            }
            Token::Word(word)
                if ["AND", "OR", "UNION", "EXCEPT", "INTERSECT", "NOT", "CASE"]
                    .iter()
                    .any(|keyword| word.value.eq_ignore_ascii_case(keyword)) =>
            {
                operators += 1;
            }
            _ => {}
        }
        if depth > DEPTH_MAX {
            return refuse(format!("the query nests deeper than {DEPTH_MAX}"));
        }
        if operators > OPERATORS_MAX {
            return refuse(format!("the query has more than {OPERATORS_MAX} operators"));
        }
    }
    Ok(())
}

/// Refuses plans with a node that does more than read this store's tables.
pub(super) fn check_plan(plan: &LogicalPlan) -> Result<(), DataFusionError> {
    plan.apply_with_subqueries(|node| match refused(node) {
        None => Ok(TreeNodeRecursion::Continue),
        Some(name) => Err(DataFusionError::Plan(format!("{REFUSED}, not {name}"))),
    })?;
    Ok(())
}

fn refused(node: &LogicalPlan) -> Option<&'static str> {
    match node {
        LogicalPlan::Projection(_)
        | LogicalPlan::Filter(_)
        | LogicalPlan::Window(_)
        | LogicalPlan::Aggregate(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Join(_)
        | LogicalPlan::Repartition(_)
        | LogicalPlan::Union(_)
        | LogicalPlan::TableScan(_)
        | LogicalPlan::EmptyRelation(_)
        | LogicalPlan::Subquery(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Limit(_)
        | LogicalPlan::Values(_)
        | LogicalPlan::Distinct(_)
        | LogicalPlan::Unnest(_)
        | LogicalPlan::RecursiveQuery(_)
        | LogicalPlan::Explain(_)
        | LogicalPlan::DescribeTable(_) => None,
        LogicalPlan::Analyze(_) => Some("EXPLAIN ANALYZE"),
        LogicalPlan::Dml(_) => Some("a statement that writes rows"),
        LogicalPlan::Ddl(_) => Some("a statement that changes tables"),
        LogicalPlan::Copy(_) => Some("COPY"),
        LogicalPlan::Statement(_) => Some("a statement that changes the session"),
        _ => Some("this kind of statement"),
    }
}
