//! `archs.yaml`: the cells of NAS-Bench-301, an item of a list each, `normal_0=[('skip_connect', 0, 2), ...],...,reduce_1=[...],...`. Items
//! are broken into several lines.

use super::gather::File;
use crate::DataError;
use nas_assay_spaces::nb301::Architecture;

/// Edges of a cell.
const EDGES: usize = 8;

/// The normal and the reduction cell of each row as cells of the table, `OPERATION:FROM>TO;...,OPERATION:FROM>TO;...`.
pub(super) fn read(file: &File, rows: usize) -> Result<Vec<String>, DataError> {
    let mut items: Vec<String> = Vec::new();
    for line in file.text()?.lines() {
        if let Some(start) = line.strip_prefix("- ") {
            items.push(start.to_owned());
        } else if let Some(item) = items.last_mut() {
            item.push_str(line);
        } else if !line.trim().is_empty() {
            return Err(DataError::content(&*file.path, "it does not begin as a list"));
        }
    }
    if items.len() != rows {
        let problem = format!("it has {} architectures; {rows} are due", items.len());
        return Err(DataError::content(&*file.path, problem));
    }
    let read = |(row, item): (usize, String)| {
        item_cells(&item).map_err(|problem| DataError::content(&*file.path, format!("architecture {row}: {problem}")))
    };
    items.into_iter().enumerate().map(read).collect()
}

fn item_cells(item: &str) -> Result<String, String> {
    let item: String = item.chars().filter(|character| !character.is_whitespace()).collect();
    let cells = [cell(&item, "normal_0=[")?, cell(&item, "reduce_1=[")?];
    match cells.join("|").parse::<Architecture>() {
        Ok(_) => Ok(cells.join(",")),
        Err(error) => Err(error.to_string()),
    }
}

/// The edges between `start` and the bracket's end.
fn cell(item: &str, start: &str) -> Result<String, String> {
    let name = start.trim_end_matches("=[");
    let mut parts = item.split(start);
    let (Some(_), Some(rest), None) = (parts.next(), parts.next(), parts.next()) else {
        return Err(format!("it has not one `{name}`"));
    };
    let Some((list, _)) = rest.split_once(']') else { return Err(format!("its `{name}` has no end")) };
    // YAML doubles quotes within quotes.
    let list = list.replace('\'', "");
    let inner = list.strip_prefix('(').and_then(|list| list.strip_suffix(')'));
    let edges: Vec<&str> = inner.unwrap_or_default().split("),(").collect();
    if edges.len() != EDGES {
        return Err(format!("its `{name}` is no list of eight edges"));
    }
    // The table has the edges by target, then by source.
    let edge = |edge: &&str| {
        let [operation, from, to] = edge.split(',').collect::<Vec<_>>()[..] else { return None };
        Some((to.parse::<u8>().ok()?, from.parse::<u8>().ok()?, operation.to_owned()))
    };
    let edges: Option<Vec<_>> = edges.iter().map(edge).collect();
    let mut edges = edges.ok_or_else(|| format!("its `{name}` has an edge that is no operation with two nodes"))?;
    edges.sort_unstable();
    let edges: Vec<String> = edges.iter().map(|(to, from, operation)| format!("{operation}:{from}>{to}")).collect();
    Ok(edges.join(";"))
}
