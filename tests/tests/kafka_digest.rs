//! The same touchpoints through Kafka, with any number of partitions and in processes of their own, give the digest of the
//! embedded run.
#![cfg(test)]

use tests::{
    data,
    fleet::Settings,
    kafka::{brokers, mapping, prefix},
    process::Server,
};

/// Everything that is imported: (mapping, file). A data set that is absent is left out, and said so.
fn imports() -> Vec<(String, String)> {
    let sets =
        [("cdnow", "cdnow/CDNOW_master.txt.gz"), ("online-retail", "online_retail/online_retail_II_2009-2010.csv.gz")];
    let found = sets.into_iter().filter_map(|(name, file)| Some((mapping(name), data::file(file)?)));
    found.map(|(mapping, file)| (mapping, file.to_str().unwrap().to_owned())).collect()
}

fn feed(ingest: &Server) {
    for (mapping, file) in imports() {
        ingest.ask(&["import", "--mapping", &mapping, &file]);
    }
    let generate = ["generate", "--seed", "21", "--customers", "10000", "--touchpoints", "200000", "--server"];
    ingest.ask(&[&generate[..], &[ingest.grpc.as_str()]].concat());
}

#[test]
fn every_number_of_partitions_gives_the_digest_of_the_embedded_run() {
    let dir = tempfile::tempdir().unwrap();
    let embedded = Server::start_with(&dir.path().join("embedded"), &[("PATRON_KINDS_CUSTOM", "stock_moved")]).unwrap();
    feed(&embedded);
    let expected = embedded.digest();
    drop(embedded);
    let sets = imports().len();
    let counted: u64 = expected["counts"]["touchpoints"].as_str().unwrap().parse().unwrap();
    assert!(counted >= if sets == 2 { 69_659 + 525_461 + 190_000 } else { 190_000 }, "{counted} touchpoints");
    for partitions in [1, 4, 8] {
        let settings = Settings::new(&brokers(), &prefix("digest"), partitions);
        let ingest = settings.ingest(None, None);
        let projector = settings.projector(&dir.path().join(partitions.to_string()), None);
        let query = settings.query(&[&projector], None);
        feed(&ingest);
        let digest = query.digest();
        assert_eq!(digest["parts"], expected["parts"], "{partitions} partitions");
        assert_eq!(digest["state"], expected["state"], "{partitions} partitions");
        assert_eq!(digest["counts"], expected["counts"], "{partitions} partitions");
        assert_eq!(digest["applied"].as_object().unwrap().len() as u32, partitions);
    }
}
