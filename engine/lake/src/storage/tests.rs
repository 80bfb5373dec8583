//! Storage on a real folder: what is put is whole and found again, and the start check tells
//! what is wrong.

use std::collections::BTreeMap;

use bytes::Bytes;
use common::Kind;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions};

use super::{FaultPlan, Storage};

fn folder() -> (tempfile::TempDir, Storage) {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::open(folder.path().to_str().unwrap(), &BTreeMap::new()).unwrap();
    (folder, storage)
}

#[tokio::test]
async fn a_put_makes_folders_and_leaves_no_staging_file() {
    let (folder, storage) = folder();
    let path = Path::from("a/b=c/d/file.parquet");
    storage.put_file(&path, Bytes::from_static(b"one")).await;
    storage.put_file(&path, Bytes::from_static(b"two")).await;
    assert_eq!(storage.get_file(&path).await.unwrap().unwrap(), "two");
    let names: Vec<_> = std::fs::read_dir(folder.path().join("a/b=c/d"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["file.parquet"]);
    assert!(
        storage
            .get_file(&Path::from("none"))
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn a_put_if_absent_refuses_a_name_that_is_taken() {
    let (folder, storage) = folder();
    let path = Path::from("log/1.json");
    let put = |text: &'static str| {
        let bytes = Bytes::from_static(text.as_bytes());
        storage
            .store()
            .put_opts(&path, bytes.into(), PutOptions::from(PutMode::Create))
    };
    put("first").await.unwrap();
    assert!(matches!(
        put("second").await,
        Err(Error::AlreadyExists { .. })
    ));
    assert_eq!(storage.get_file(&path).await.unwrap().unwrap(), "first");
    assert_eq!(
        std::fs::read_dir(folder.path().join("log"))
            .unwrap()
            .count(),
        1
    );
}

#[tokio::test]
async fn listings_from_an_offset_are_sorted_and_skip_staging_files() {
    let (folder, storage) = folder();
    for name in ["3", "1", "2", "0"] {
        storage
            .put_file(&Path::from(format!("log/{name}")), Bytes::new())
            .await;
    }
    std::fs::write(folder.path().join("log/4.headwater-staging#17"), "torn").unwrap();
    let listed: Vec<_> = storage
        .store()
        .list_with_offset(Some(&Path::from("log")), &Path::from("log/0"))
        .map_ok(|file| file.location.to_string())
        .try_collect()
        .await
        .unwrap();
    assert_eq!(listed, ["log/1", "log/2", "log/3"]);
}

#[tokio::test]
async fn a_multipart_upload_has_no_name_before_it_is_complete() {
    let (folder, storage) = folder();
    let path = Path::from("t/checkpoint.parquet");
    let mut upload = storage.store().put_multipart(&path).await.unwrap();
    let parts = [upload.put_part("ab".into()), upload.put_part("cd".into())];
    futures::future::try_join_all(parts).await.unwrap();
    assert!(storage.get_file(&path).await.unwrap().is_none());
    upload.complete().await.unwrap();
    assert_eq!(storage.get_file(&path).await.unwrap().unwrap(), "abcd");

    let dropped = storage.store().put_multipart(&path).await.unwrap();
    drop(dropped);
    assert_eq!(
        std::fs::read_dir(folder.path().join("t")).unwrap().count(),
        1
    );
}

#[tokio::test]
async fn a_folder_and_memory_are_ready() {
    let (folder, storage) = folder();
    storage.check_ready(1_000_000).await.unwrap();
    assert_eq!(
        std::fs::read_dir(folder.path().join("system"))
            .unwrap()
            .count(),
        0
    );
    let memory = Storage::open("memory:///", &BTreeMap::new()).unwrap();
    memory.check_ready(u64::MAX).await.unwrap();
}

#[tokio::test]
async fn what_is_not_ready_is_named_with_its_remedy() {
    let (folder, storage) = folder();
    let full = storage.check_ready(u64::MAX).await.unwrap_err();
    assert_eq!(full.kind, Kind::Exhausted);
    assert!(full.to_string().contains(folder.path().to_str().unwrap()));

    let unwritable = storage
        .with_faults(FaultPlan::parse("before-put:system/probe-*=error").unwrap())
        .check_ready(0)
        .await
        .unwrap_err();
    assert_eq!(unwritable.kind, Kind::Unavailable);
    assert!(
        unwritable.to_string().contains("is not writable"),
        "{unwritable}"
    );

    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let below = file.join("data");
    let error = Storage::open(below.to_str().unwrap(), &BTreeMap::new()).unwrap_err();
    assert!(
        error.to_string().contains(below.to_str().unwrap()),
        "{error}"
    );
    for url in ["ftp://host/x", "file://host", "s3://"] {
        let error = Storage::open(url, &BTreeMap::new()).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid, "{url}: {error}");
    }
}

#[test]
fn an_option_that_storage_does_not_have_is_named() {
    let option = |name: &str| BTreeMap::from([(name.to_owned(), "x".to_owned())]);
    for (url, name) in [
        ("s3://bucket/p", "regoin"),
        ("memory:///", "region"),
        ("/tmp", "region"),
    ] {
        let error = Storage::open(url, &option(name)).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
        assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
    }
    Storage::open("s3://bucket/p", &option("region")).unwrap();
}

#[tokio::test]
async fn staging_files_that_a_crash_left_are_swept_when_they_are_old() {
    let (folder, storage) = folder();
    let kept = Path::from("t/part#x.parquet");
    storage.put_file(&kept, Bytes::new()).await;
    let in_table = |name: &str| folder.path().join("t").join(name);
    for number in [17, 18] {
        let name = format!("part.parquet.headwater-staging#{number}");
        std::fs::write(in_table(&name), "torn").unwrap();
    }
    // Somebody else's file.
    std::fs::write(in_table("invoice#2024"), "paid").unwrap();
    let at = |age_s: u64| storage.sweep_staging(std::time::Duration::from_secs(age_s));
    assert_eq!(at(3600).await.unwrap(), (0, 0));
    assert_eq!(at(0).await.unwrap(), (2, 8));
    assert!(storage.get_file(&kept).await.unwrap().is_some());
    assert!(in_table("invoice#2024").exists());
}

#[tokio::test]
async fn an_error_after_a_put_leaves_what_landed() {
    let storage = Storage::in_memory()
        .with_faults(FaultPlan::parse("after-put:a=error;before-put:b=error").unwrap());
    for (name, landed) in [("a", true), ("b", false)] {
        let path = Path::from(name);
        assert!(storage.store().put(&path, "x".into()).await.is_err());
        assert_eq!(storage.get_file(&path).await.unwrap().is_some(), landed);
    }
}

#[tokio::test]
async fn while_the_root_is_away_nothing_is_missing_and_nothing_is_written_elsewhere() {
    let above = tempfile::tempdir().unwrap();
    let (root, aside) = (above.path().join("root"), above.path().join("aside"));
    let storage = Storage::open(root.to_str().unwrap(), &BTreeMap::new()).unwrap();
    let path = Path::from("t/a.parquet");
    storage.put_file(&path, Bytes::from_static(b"one")).await;

    std::fs::rename(&root, &aside).unwrap();
    std::fs::create_dir(&root).unwrap();
    let error = storage.get_file(&path).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable);
    assert!(error.to_string().contains("is away"), "{error}");
    let store = storage.store();
    let [put, got, listed] = [
        store.put(&path, "two".into()).await.err(),
        store.get(&path).await.err(),
        store.list(None).try_next().await.err(),
    ];
    for error in [put, got, listed] {
        assert!(matches!(error, Some(Error::Generic { .. })), "{error:?}");
    }
    assert_eq!(std::fs::read_dir(&root).unwrap().count(), 0);

    std::fs::remove_dir(&root).unwrap();
    std::fs::rename(&aside, &root).unwrap();
    assert_eq!(storage.get_file(&path).await.unwrap().unwrap(), "one");
    storage.put_file(&path, Bytes::from_static(b"two")).await;
    assert_eq!(storage.get_file(&path).await.unwrap().unwrap(), "two");
}
