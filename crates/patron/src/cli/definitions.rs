//! `patron config apply`, `diff`, `history`, `list`, `get`: definitions, as files declare them and as the server has them.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use definition::Kind;
use proto::definition::{
    ApplyDefinitionsRequest, ApplyDefinitionsResponse, GetDefinitionRequest, ListDefinitionSetsRequest,
    ListDefinitionVersionsRequest, ListDefinitionsRequest,
};

use super::{OutputArgs, ServerArgs};
use crate::{
    client::Server,
    declare::{self, Problem, Problems, Set},
    output::definitions as shown,
};

/// Entries asked for at a time.
const PAGE_SIZE: i32 = 500;

/// What lies in the files, and how the server is asked.
#[derive(Debug, Args)]
struct FilesArgs {
    /// Files: .toml with [[product]], [[store]], [[segment]]; .csv of products (sku,category,brand,name) or stores
    /// (store_id,region,name,format)
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Args)]
#[command(
    after_help = "All that is wrong is told, and nothing is applied then. What is applied already is no change: apply a file as often\n\
    as you like. Up to 10,000 definitions and 1 MiB are applied whole or not at all; more go in several sets.\n\n\
    Examples:\n  \
    patron config apply segments.toml --reason \"spring campaign\"\n  \
    patron config apply products.csv stores.toml\n  \
    patron config apply segments.toml --dry-run"
)]
pub(super) struct ApplyArgs {
    #[command(flatten)]
    files: FilesArgs,
    #[command(flatten)]
    said: Said,
    /// Check and compare only
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  patron config diff segments.toml products.csv")]
pub(super) struct DiffArgs {
    #[command(flatten)]
    files: FilesArgs,
}

/// Who defines something, and why.
#[derive(Debug, Args)]
pub(super) struct Said {
    /// Why, for those who look at the history later
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(super) reason: String,
    /// Who does it
    #[arg(long, value_name = "NAME", env = "PATRON_OPERATOR", default_value = "cli")]
    pub(super) author: String,
}

impl ApplyArgs {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        self.files.run(&self.said, self.dry_run).await
    }
}

impl DiffArgs {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        self.files.run(&Said { author: "cli".to_owned(), reason: String::new() }, true).await
    }
}

impl FilesArgs {
    /// Checks all sets before the first is applied; one alone is checked as it is applied.
    async fn run(self, said: &Said, dry: bool) -> anyhow::Result<ExitCode> {
        // Files are looked at before the server: their errors are the operator's own.
        let sets = declare::sets(declare::read(&self.files)?);
        let server = self.server.connect().await?;
        let mut answers = Vec::new();
        if dry || sets.len() > 1 {
            answers = self.check(&server, &sets, said).await?;
        }
        if !dry {
            answers.clear();
            for (index, set) in sets.iter().enumerate() {
                let answer = send(&server, set, said, false).await.map_err(|error| partly(error, index, sets.len()))?;
                let found = problems(set, &answer);
                if !found.is_empty() {
                    return Err(partly(Problems(found).into(), index, sets.len()));
                }
                answers.push(answer);
            }
            settle(&server, answers.iter().filter_map(|answer| answer.offset).max()).await;
        }
        self.print(&answers, dry)?;
        Ok(ExitCode::SUCCESS)
    }

    async fn check(&self, server: &Server, sets: &[Set], said: &Said) -> anyhow::Result<Vec<ApplyDefinitionsResponse>> {
        let (mut answers, mut found) = (Vec::new(), Vec::new());
        for set in sets {
            let answer = send(server, set, said, true).await?;
            found.extend(problems(set, &answer));
            answers.push(answer);
        }
        if found.is_empty() { Ok(answers) } else { Err(Problems(found).into()) }
    }

    fn print(&self, answers: &[ApplyDefinitionsResponse], dry: bool) -> anyhow::Result<()> {
        let mut out = self.output.stdout();
        if let [answer] = answers {
            out.answer(answer, |answer| shown::changes(answer) + &shown::total(std::slice::from_ref(answer), dry))?;
            return Ok(());
        }
        out.begin_list(&format!("{} sets", answers.len()))?;
        for answer in answers {
            out.item(answer, |answer| shown::changes(answer).trim_end().to_owned())?;
        }
        out.end_list(shown::total(answers, dry).trim_end())?;
        Ok(())
    }
}

/// Waits until reads of this server see what was applied at an offset. A server that takes definitions alone answers no reads.
async fn settle(server: &Server, offset: Option<u64>) {
    let request = ListDefinitionsRequest { page_size: 1, min_offset: offset, ..ListDefinitionsRequest::default() };
    if let Err(status) = server.definitions().list_definitions(request).await {
        tracing::debug!(%status, "it is not known whether reads see what was applied");
    }
}

async fn send(
    server: &Server,
    set: &Set,
    said: &Said,
    validate_only: bool,
) -> anyhow::Result<ApplyDefinitionsResponse> {
    let request = ApplyDefinitionsRequest {
        definitions: set.iter().map(|one| one.definition.clone()).collect(),
        author: said.author.clone(),
        reason: said.reason.clone(),
        validate_only,
        ..ApplyDefinitionsRequest::default()
    };
    let answer = server.apply().apply_definitions(request).await;
    Ok(answer.map_err(|status| server.error(&status))?.into_inner())
}

/// The findings of an answer, led back to the files.
fn problems(set: &Set, answer: &ApplyDefinitionsResponse) -> Vec<Problem> {
    let problem = |finding: &proto::definition::DefinitionFinding| {
        let declared = finding.index.and_then(|index| set.get(usize::try_from(index).ok()?));
        match declared {
            Some(declared) => declared.problem(&finding.field, &finding.description),
            None => Problem {
                file: Kind::of(finding.kind).map_or_else(String::new, |kind| format!("{kind}/{}", finding.name)),
                line: 0,
                key: finding.field.clone(),
                what: finding.description.clone(),
            },
        }
    };
    answer.findings.iter().map(problem).collect()
}

/// How far it came.
fn partly(error: anyhow::Error, applied: usize, sets: usize) -> anyhow::Error {
    match (applied, sets) {
        (_, 1) => error,
        _ => error.context(format!(
            "{applied} of {sets} sets were applied; mend it and apply the same files again: what is applied already is no change"
        )),
    }
}

/// `KIND/NAME`.
#[derive(Clone, Debug)]
struct Named {
    kind: Kind,
    name: String,
}

fn named(text: &str) -> Result<Named, String> {
    let (kind, name) = text.split_once('/').ok_or("write KIND/NAME, such as product/4711")?;
    Ok(Named { kind: parse_kind(kind)?, name: name.to_owned() })
}

fn parse_kind(text: &str) -> Result<Kind, String> {
    Kind::parse(text).ok_or_else(|| format!("there are {}", Kind::ALL.map(Kind::name).join(", ")))
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    patron config history\n  \
    patron config history segment/loyal --output json")]
pub(super) struct HistoryArgs {
    /// A definition, as KIND/NAME; all that was applied unless given
    #[arg(value_name = "KIND/NAME", value_parser = named)]
    named: Option<Named>,
    /// Wait until the set at this offset of `definitions` is folded
    #[arg(long, value_name = "OFFSET")]
    min_offset: Option<u64>,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl HistoryArgs {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let server = self.server.connect().await?;
        match self.named.clone() {
            Some(named) => self.versions(&server, named).await?,
            None => self.sets(&server).await?,
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn versions(&self, server: &Server, Named { kind, name }: Named) -> anyhow::Result<()> {
        let (mut out, mut begun) = (self.output.stdout(), false);
        let kind = kind.to_proto().into();
        let mut request = ListDefinitionVersionsRequest {
            kind,
            name,
            page_size: PAGE_SIZE,
            min_offset: self.min_offset,
            ..Default::default()
        };
        loop {
            let answer = server.definitions().list_definition_versions(request.clone()).await;
            let page = answer.map_err(|status| server.error(&status))?.into_inner();
            // Nothing is printed for what is not there.
            if !std::mem::replace(&mut begun, true) {
                out.begin_list(shown::VERSIONS_HEAD)?;
            }
            for version in &page.versions {
                out.item(version, shown::version_row)?;
            }
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
        Ok(out.end_list("")?)
    }

    async fn sets(&self, server: &Server) -> anyhow::Result<()> {
        let mut out = self.output.stdout();
        let mut request =
            ListDefinitionSetsRequest { page_size: PAGE_SIZE, min_offset: self.min_offset, ..Default::default() };
        out.begin_list(shown::SETS_HEAD)?;
        loop {
            let answer = server.definitions().list_definition_sets(request.clone()).await;
            let page = answer.map_err(|status| server.error(&status))?.into_inner();
            for set in &page.sets {
                out.item(set, shown::set_row)?;
            }
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
        Ok(out.end_list("")?)
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    patron config list\n  \
    patron config list segment --output ndjson")]
pub(super) struct ListArgs {
    /// Only this kind: product, store or segment
    #[arg(value_name = "KIND", value_parser = parse_kind)]
    kind: Option<Kind>,
    /// Also what was deleted
    #[arg(long)]
    include_deleted: bool,
    /// Wait until the set at this offset of `definitions` is folded
    #[arg(long, value_name = "OFFSET")]
    min_offset: Option<u64>,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl ListArgs {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let server = self.server.connect().await?;
        let mut out = self.output.stdout();
        let mut request = ListDefinitionsRequest {
            kind: self.kind.map_or(0, |kind| kind.to_proto().into()),
            include_deleted: self.include_deleted,
            page_size: PAGE_SIZE,
            min_offset: self.min_offset,
            ..ListDefinitionsRequest::default()
        };
        out.begin_list(shown::LIST_HEAD)?;
        loop {
            let answer = server.definitions().list_definitions(request.clone()).await;
            let page = answer.map_err(|status| server.error(&status))?.into_inner();
            for version in &page.definitions {
                out.item(version, shown::list_row)?;
            }
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
        out.end_list("")?;
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    patron config get segment/loyal\n  \
    patron config get product/4711 --version 2")]
pub(super) struct GetArgs {
    /// The definition, as KIND/NAME
    #[arg(value_name = "KIND/NAME", value_parser = named)]
    named: Named,
    /// Which version; the newest unless given
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    version: u32,
    /// Wait until the set at this offset of `definitions` is folded
    #[arg(long, value_name = "OFFSET")]
    min_offset: Option<u64>,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl GetArgs {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let server = self.server.connect().await?;
        let Named { kind, name } = self.named;
        let request = GetDefinitionRequest {
            kind: kind.to_proto().into(),
            name,
            version: self.version,
            min_offset: self.min_offset,
        };
        let answer = server.definitions().get_definition(request).await.map_err(|status| server.error(&status))?;
        self.output.stdout().answer(answer.get_ref(), shown::one)?;
        Ok(ExitCode::SUCCESS)
    }
}
