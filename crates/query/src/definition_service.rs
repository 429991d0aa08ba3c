//! `patron.definition.v1.DefinitionService`: what is defined, from one snapshot an answer.

use definition::{Kind, Version};
use proto::definition::{
    GetDefinitionRequest, GetDefinitionResponse, ListDefinitionSetsRequest, ListDefinitionSetsResponse,
    ListDefinitionVersionsRequest, ListDefinitionVersionsResponse, ListDefinitionsRequest, ListDefinitionsResponse,
    definition_service_server::{DefinitionService, DefinitionServiceServer},
};
use store::{
    Snapshot, StoreError,
    family::{
        DefinitionSets, Family,
        definitions::{Definitions as Versions, VersionKey},
    },
    snapshot::{Range, successor},
};
use tonic::{Request, Response, Status};

use crate::{
    context::{Context, Contexts},
    status,
};

mod pages;
mod shown;

use pages::Page;

/// Shows what is defined.
#[derive(Clone, Debug)]
pub struct Definitions {
    contexts: Contexts,
}

impl Definitions {
    /// The service over what is served.
    pub fn server(contexts: Contexts) -> DefinitionServiceServer<Self> {
        DefinitionServiceServer::new(Self { contexts })
    }
}

#[tonic::async_trait]
impl DefinitionService for Definitions {
    async fn get_definition(
        &self,
        request: Request<GetDefinitionRequest>,
    ) -> Result<Response<GetDefinitionResponse>, Status> {
        let context = self.contexts.wait_for_definitions(request.get_ref().min_offset, request.metadata()).await?;
        let request = request.into_inner();
        let kind = named(request.kind, &request.name)?;
        context.read(move |context| get(context, kind, &request)).await.map(Response::new)
    }

    async fn list_definitions(
        &self,
        request: Request<ListDefinitionsRequest>,
    ) -> Result<Response<ListDefinitionsResponse>, Status> {
        let context = self.contexts.wait_for_definitions(request.get_ref().min_offset, request.metadata()).await?;
        let request = request.into_inner();
        let kinds = match request.kind {
            0 => Kind::ALL.to_vec(),
            kind => vec![kind_of(kind)?],
        };
        let page = Page::of(&request)?;
        context.read(move |context| list(context, &kinds, request.include_deleted, &page)).await.map(Response::new)
    }

    async fn list_definition_versions(
        &self,
        request: Request<ListDefinitionVersionsRequest>,
    ) -> Result<Response<ListDefinitionVersionsResponse>, Status> {
        let context = self.contexts.wait_for_definitions(request.get_ref().min_offset, request.metadata()).await?;
        let request = request.into_inner();
        let kind = named(request.kind, &request.name)?;
        let page = Page::of(&request)?;
        context.read(move |context| versions(context, kind, &request.name, &page)).await.map(Response::new)
    }

    async fn list_definition_sets(
        &self,
        request: Request<ListDefinitionSetsRequest>,
    ) -> Result<Response<ListDefinitionSetsResponse>, Status> {
        let context = self.contexts.wait_for_definitions(request.get_ref().min_offset, request.metadata()).await?;
        let page = Page::of(request.get_ref())?;
        context.read(move |context| sets(context, &page)).await.map(Response::new)
    }
}

fn get(context: &Context, kind: Kind, request: &GetDefinitionRequest) -> Result<GetDefinitionResponse, Status> {
    let snapshot = context.store.snapshot();
    let found = match request.version {
        0 => store::definition::newest(&snapshot, kind, &request.name),
        number => store::definition::version(&snapshot, VersionKey { kind, name: request.name.clone(), number }),
    };
    let what = || match request.version {
        0 => format!("{kind}/{}", request.name),
        number => format!("version {number} of {kind}/{}", request.name),
    };
    let version = found.map_err(failed)?.ok_or_else(|| status::definition_not_found(&what()))?;
    Ok(GetDefinitionResponse { definition: Some(shown::version(version)), applied_offset: applied(&snapshot)? })
}

/// Where the next page of definitions begins: after this kind and name.
type Place = (i32, String);

fn list(
    context: &Context,
    kinds: &[Kind],
    include_deleted: bool,
    page: &Page<Place>,
) -> Result<ListDefinitionsResponse, Status> {
    let snapshot = context.store.snapshot();
    let mut answer = ListDefinitionsResponse { applied_offset: applied(&snapshot)?, ..Default::default() };
    let mut last: Option<Place> = None;
    for kind in kinds {
        let number = i32::from(kind.to_proto());
        let after = match &page.after {
            Some((after, _)) if *after > number => continue,
            Some((after, name)) if *after == number => Some(name.as_str()),
            _ => None,
        };
        for version in store::definition::newest_of(&snapshot, *kind, after) {
            let version = version.map_err(failed)?;
            if version.is_deleted() && !include_deleted {
                continue;
            }
            if answer.definitions.len() == page.size {
                answer.next_page_token = last.map_or_else(String::new, |last| page.token(last));
                return Ok(answer);
            }
            last = Some((number, version.name.clone()));
            answer.definitions.push(shown::version(version));
        }
    }
    Ok(answer)
}

fn versions(
    context: &Context,
    kind: Kind,
    name: &str,
    page: &Page<u32>,
) -> Result<ListDefinitionVersionsResponse, Status> {
    let snapshot = context.store.snapshot();
    let mut range = Range { backwards: true, ..Range::prefix(&VersionKey::name_prefix(kind, name)) };
    if let Some(after) = page.after {
        range.before = Some(Versions::encode_key(&VersionKey { kind, name: name.to_owned(), number: after }));
    }
    let found = store::definition::versions(&snapshot, &range).take(page.size + 1);
    let mut found: Vec<Version> = found.collect::<Result<_, _>>().map_err(failed)?;
    if found.is_empty() && page.after.is_none() {
        return Err(status::definition_not_found(&format!("{kind}/{name}")));
    }
    let more = found.len() > page.size;
    found.truncate(page.size);
    let last = found.last().filter(|_| more).map(|version| version.number);
    Ok(ListDefinitionVersionsResponse {
        versions: found.into_iter().map(shown::version).collect(),
        next_page_token: last.map_or_else(String::new, |last| page.token(last)),
        applied_offset: applied(&snapshot)?,
    })
}

fn sets(context: &Context, page: &Page<u64>) -> Result<ListDefinitionSetsResponse, Status> {
    let snapshot = context.store.snapshot();
    // Without an end the greatest key comes first.
    let before = page.after.map(|after| DefinitionSets::encode_key(&after)).or_else(|| successor(&[u8::MAX - 1]));
    let range = Range { from: Vec::new(), before, backwards: true };
    let found = snapshot.scan::<DefinitionSets>(&range).take(page.size + 1);
    let mut found: Vec<_> = found.collect::<Result<_, _>>().map_err(failed)?;
    let more = found.len() > page.size;
    found.truncate(page.size);
    let last = found.last().filter(|_| more).map(|(offset, _)| *offset);
    Ok(ListDefinitionSetsResponse {
        sets: found.into_iter().map(shown::set).collect(),
        next_page_token: last.map_or_else(String::new, |last| page.token(last)),
        applied_offset: applied(&snapshot)?,
    })
}

fn kind_of(value: i32) -> Result<Kind, Status> {
    Kind::of(value).ok_or_else(|| {
        let kinds = Kind::ALL.map(|kind| kind.to_proto().as_str_name()).join(", ");
        status::invalid("kind", format!("give one of {kinds}"))
    })
}

/// The kind of a request that must name one, and a name.
fn named(value: i32, name: &str) -> Result<Kind, Status> {
    if name.is_empty() || name.contains('\0') {
        return Err(status::invalid("name", "give the name of a definition"));
    }
    kind_of(value)
}

fn applied(snapshot: &Snapshot<'_>) -> Result<u64, Status> {
    Ok(store::definition::progress(snapshot).map_err(failed)?.applied)
}

#[expect(clippy::needless_pass_by_value, reason = "fits map_err")]
fn failed(error: StoreError) -> Status {
    status::store_failed(&error)
}
