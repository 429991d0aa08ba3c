//! The fold decides what a set does, also where another process writes between check and append; what the hook finds leads back to
//! the definition.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use definition::{Body, Catalogue, Check, Finding, Kind, check::NoCheck, seal};
use journal::{AppendError, Journal, NewRecord, Position, ReadError, Reader, Topology, memory::MemoryJournal};
use proto::definition::{
    ApplyDefinitionsRequest, ApplyDefinitionsResponse, ChangeType, apply_service_server::ApplyService as _,
};
use tonic::{Request, Status};
use types::{
    Micros,
    record::{Definition, DefinitionSet, SegmentDefinition, StoreReference},
};

use crate::{Definitions, WallClock};

/// A journal to which somebody else appends first.
struct Raced {
    inner: MemoryJournal,
    first: Mutex<Option<DefinitionSet>>,
}

#[async_trait]
impl Journal for Raced {
    fn topology(&self) -> Topology {
        self.inner.topology()
    }

    fn record_bytes_max(&self) -> usize {
        self.inner.record_bytes_max()
    }

    async fn append(&self, records: Vec<NewRecord>) -> Result<Vec<Position>, AppendError> {
        let first = self.first.lock().unwrap().take();
        if let Some(set) = first {
            let value = seal::seal(&set, Micros(1));
            self.inner.append(vec![NewRecord { value, ..NewRecord::default() }]).await?;
        }
        self.inner.append(records).await
    }

    fn reader(&self, from: Vec<Position>) -> Result<Box<dyn Reader>, ReadError> {
        self.inner.reader(from)
    }

    fn ends(&self) -> Result<Vec<u64>, ReadError> {
        self.inner.ends()
    }

    fn starts(&self) -> Result<Vec<u64>, ReadError> {
        self.inner.starts()
    }
}

fn store(region: &str, expected_version: Option<u32>) -> Definition {
    let body = Body::Store(StoreReference { region: region.to_owned(), ..StoreReference::default() });
    let (kind, name) = (Kind::Store.to_proto().into(), "s1".to_owned());
    Definition { kind, name, expected_version, deleted: false, body: Some(body) }
}

fn segment(name: &str, expression: &str) -> Definition {
    let expression = expression.to_owned();
    let body = Body::Segment(SegmentDefinition { expression, ..SegmentDefinition::default() });
    let kind = Kind::Segment.to_proto().into();
    Definition { kind, name: name.to_owned(), body: Some(body), ..Definition::default() }
}

fn over(first: Option<DefinitionSet>, check: Arc<dyn Check>) -> Definitions {
    let journal = Arc::new(Raced { inner: MemoryJournal::new(1), first: Mutex::new(first) });
    Definitions::new(journal, Duration::from_secs(5), check, Arc::new(WallClock))
}

async fn apply(door: &Definitions, definitions: Vec<Definition>) -> Result<ApplyDefinitionsResponse, Status> {
    let request =
        ApplyDefinitionsRequest { definitions, author: "test".to_owned(), ..ApplyDefinitionsRequest::default() };
    door.apply_definitions(Request::new(request)).await.map(tonic::Response::into_inner)
}

fn foreign() -> Option<DefinitionSet> {
    let definitions = vec![store("foreign", None)];
    Some(DefinitionSet { set_id: "foreign".to_owned(), definitions, ..DefinitionSet::default() })
}

#[tokio::test]
async fn who_is_second_by_the_topic_is_told_so_though_the_check_passed() {
    let door = over(foreign(), Arc::new(NoCheck));
    let answer = apply(&door, vec![store("ours", Some(0))]).await.unwrap();
    assert_eq!((answer.findings.len(), answer.changes.len(), answer.offset), (1, 0, None), "{answer:?}");
    assert_eq!((answer.findings[0].index, answer.findings[0].field.as_str()), (Some(0), "expected_version"));
    // Without an expectation the last wins, and the answer compares with what was there by then.
    let door = over(foreign(), Arc::new(NoCheck));
    let answer = apply(&door, vec![store("ours", None)]).await.unwrap();
    assert_eq!((answer.offset, answer.changes.len()), (Some(1), 1), "{answer:?}");
    assert_eq!((answer.changes[0].r#type(), answer.changes[0].version), (ChangeType::Changed, 2));
}

/// Refuses segments that say "bad", and the absence of the segment `needed`.
struct Picky;

impl Check for Picky {
    fn check(&self, next: &Catalogue) -> Vec<Finding> {
        let finding = |name: &str, field: &str| {
            let (kind, name, field) = (Kind::Segment, name.to_owned(), field.to_owned());
            Finding { kind, name, field, description: "no".to_owned() }
        };
        let is_bad = |body: &Option<Body>| matches!(body, Some(Body::Segment(segment)) if segment.expression == "bad");
        let bad = next.living(Kind::Segment).filter(|version| is_bad(&version.body));
        let mut found: Vec<Finding> = bad.map(|version| finding(&version.name, "segment.expression")).collect();
        found.extend(next.get(Kind::Segment, "needed").is_none().then(|| finding("needed", "")));
        found
    }
}

#[tokio::test]
async fn what_the_hook_finds_in_the_catalogue_as_it_would_be_refuses_the_set() {
    let door = over(None, Arc::new(Picky));
    let answer = apply(&door, vec![segment("fine", "true"), segment("wrong", "bad")]).await.unwrap();
    let found: Vec<_> = answer.findings.iter().map(|one| (one.index, one.name.as_str(), one.field.as_str())).collect();
    assert_eq!(found, [(Some(1), "wrong", "segment.expression"), (None, "needed", "")]);
    assert_eq!(answer.offset, None);
    let answer = apply(&door, vec![segment("fine", "true"), segment("needed", "true")]).await.unwrap();
    assert_eq!((answer.findings.len(), answer.offset), (0, Some(0)), "{answer:?}");
    let gone = Definition { body: None, deleted: true, ..segment("needed", "") };
    let answer = apply(&door, vec![gone]).await.unwrap();
    assert_eq!((answer.findings[0].index, answer.offset), (Some(0), None));
}
