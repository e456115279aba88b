//! A board as Grafana reads it: the datasource is the one that is chosen at its top.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::spec::{Board, Kind, Panel, WIDTH};

/// Of ClickHouse's own datasource plugin.
pub(super) const PLUGIN: &str = "grafana-clickhouse-datasource";

/// As they were when boards had these keys.
const SCHEMA_VERSION: u32 = 39;

const HEIGHT: u32 = 8;

pub(super) fn json(board: &Board) -> Result<String> {
    let mut panels = Vec::new();
    let (mut x, mut y) = (0, 0);
    for (panel, id) in board.panels.iter().zip(1..) {
        if WIDTH < x + panel.width {
            (x, y) = (0, y + HEIGHT);
        }
        panels.push(shown(panel, id, x, y));
        x += panel.width;
    }
    let object = board.object.as_ref().map(|object| {
        json!({
            "type": "textbox", "name": "object", "label": "schema.relation or schema.relation.column",
            "query": object, "current": { "text": object, "value": object },
            "options": [{ "selected": true, "text": object, "value": object }],
        })
    });
    let ledger = json!({ "type": "datasource", "name": "ledger", "label": "ledger", "query": PLUGIN });
    let variables: Vec<Value> = [ledger].into_iter().chain(object).collect();
    let json = json!({
        "uid": format!("picket-{}", board.name),
        "title": board.title,
        "description": board.question,
        "tags": ["picket"],
        "editable": true,
        "graphTooltip": 1,
        "refresh": "1m",
        "schemaVersion": SCHEMA_VERSION,
        "time": { "from": "now-24h", "to": "now" },
        "timezone": "utc",
        "templating": { "list": variables },
        "annotations": { "list": [] },
        "links": [{ "type": "dashboards", "title": "Picket", "tags": ["picket"], "asDropdown": true,
            "keepTime": true, "icon": "external link", "includeVars": false, "targetBlank": false,
            "tooltip": "", "url": "" }],
        "panels": panels,
    });
    Ok(serde_json::to_string_pretty(&json).context("write a board")? + "\n")
}

fn shown(panel: &Panel, id: u32, x: u32, y: u32) -> Value {
    let datasource = json!({ "type": PLUGIN, "uid": "${ledger}" });
    let options = match panel.kind {
        Kind::Table => json!({ "showHeader": true, "cellHeight": "sm" }),
        Kind::TimeSeries => json!({
            "legend": { "displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": [] },
            "tooltip": { "mode": "multi", "sort": "desc" },
        }),
    };
    let unit = if panel.unit.is_empty() { "short" } else { &panel.unit };
    json!({
        "id": id,
        "type": match panel.kind { Kind::Table => "table", Kind::TimeSeries => "timeseries" },
        "title": panel.title,
        "description": about(&panel.query),
        "datasource": datasource,
        "gridPos": { "x": x, "y": y, "w": panel.width, "h": HEIGHT },
        "fieldConfig": { "defaults": { "unit": unit }, "overrides": [] },
        "options": options,
        "targets": [target(&panel.query, panel.kind, &datasource)],
    })
}

/// What is asked of the plugin.
fn target(query: &str, kind: Kind, datasource: &Value) -> Value {
    let (query_type, format) = match kind {
        Kind::TimeSeries => ("timeseries", 0),
        Kind::Table => ("table", 1),
    };
    json!({
        "refId": "A",
        "datasource": datasource,
        "editorType": "sql",
        "queryType": query_type,
        "format": format,
        "rawSql": query,
    })
}

/// The comment that a query begins with.
pub(super) fn about(query: &str) -> &str {
    query.lines().next().and_then(|line| line.strip_prefix("-- ")).unwrap_or_default()
}
