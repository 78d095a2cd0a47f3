//! The contract of `Bucket`, to be run on every backend.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::TryStreamExt as _;
use iiif_storage::{Bucket, ErrorKind};

use crate::fetching::{Held, fetch};
use crate::opening::objects_are_opened;
use crate::writing::objects_are_written;

/// Names that some layer could take for something else.
pub(crate) const ODD_KEYS: [&str; 22] = [
    "plain.jpg",
    "deep/er/and deeper/x.tif",
    "two  spaces .jpg",
    "100%.jpg",
    "50%20off.jpg",
    "a%2Fb.jpg",
    "hash#1",
    "hash#1.jpg",
    "a+b.jpg",
    "[1].jpg",
    "~user.jpg",
    "^caret!.jpg",
    "a,b;c=d&e.jpg",
    "!2048,1536/0/color.png",
    "star*.jpg",
    "what?.jpg",
    "\"quoted\" 'too'.jpg",
    "<angle>|pipe.jpg",
    "{brace}`tick$.jpg",
    "Zürich/東京/e\u{301}.jpg",
    "...",
    "a:b@c.jpg",
];

/// Runs the contract on an empty bucket.
pub(crate) async fn keeps_the_contract(bucket: &Bucket) {
    names_are_kept(bucket).await;
    objects_are_read_in_whole_and_in_part(bucket).await;
    objects_are_opened(bucket).await;
    objects_are_read_again_when_they_changed(bucket).await;
    objects_are_written(bucket).await;
    what_is_absent_is_not_found(bucket).await;
    keys_that_lead_elsewhere_are_refused(bucket).await;
}

async fn names_are_kept(bucket: &Bucket) {
    for key in ODD_KEYS {
        bucket
            .put(key, Bytes::from(format!("body of {key}")), "image/jpeg")
            .await
            .unwrap_or_else(|error| panic!("put `{key}`: {error:?}"));
    }
    let mut listed: Vec<String> = keys(bucket, "").await;
    listed.sort_unstable();
    let mut expected = ODD_KEYS.map(str::to_owned);
    expected.sort_unstable();
    assert_eq!(listed, expected);
    for key in ODD_KEYS {
        let body = bucket.get(key).await.unwrap();
        assert_eq!(body, format!("body of {key}"), "`{key}`");
    }
    assert_eq!(keys(bucket, "Zürich").await, ["Zürich/東京/e\u{301}.jpg"]);
    assert_eq!(keys(bucket, "deep/er/").await, ["deep/er/and deeper/x.tif"]);
    assert!(keys(bucket, "dee").await.is_empty(), "a prefix is a folder");
    assert!(keys(bucket, "nowhere").await.is_empty());
    for key in ODD_KEYS {
        bucket.delete(key).await.unwrap();
        assert!(!bucket.exists(key).await.unwrap(), "`{key}`");
    }
    assert!(keys(bucket, "").await.is_empty());
}

async fn objects_are_read_in_whole_and_in_part(bucket: &Bucket) {
    let key = "parts/digits.txt";
    bucket
        .put(key, "old and longer".into(), "text/plain")
        .await
        .unwrap();
    bucket
        .put(key, "0123456789".into(), "text/plain")
        .await
        .unwrap();
    assert_eq!(bucket.get(key).await.unwrap(), "0123456789");
    assert_eq!(bucket.get_at_most(key, 10).await.unwrap(), "0123456789");
    let error = bucket.get_at_most(key, 9).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    let digits = b"0123456789".to_vec();
    let fetched = fetch(bucket, key, 10).await;
    assert_eq!(fetched, Ok(Held::Memory(digits.clone())));
    let fetched = fetch(bucket, key, 9).await;
    assert_eq!(fetched, Ok(Held::File(digits)));
    let info = bucket.head(key).await.unwrap();
    assert_eq!((info.key.as_str(), info.size_bytes), (key, 10));
    assert!(info.e_tag.is_some() && info.last_modified.is_some());
    #[rustfmt::skip]
    let cases = [
        (0..4,      "0123"),
        (3..5,      "34"),
        (8..100,    "89"), // clipped
        (4..4,      ""),
    ];
    for (range, expected) in cases {
        let part = bucket.get_range(key, range.clone()).await.unwrap();
        assert_eq!(part, expected, "{range:?}");
    }
    assert!(bucket.get_range(key, 10..11).await.is_err());
    bucket
        .put("empty", Bytes::new(), "image/png")
        .await
        .unwrap();
    assert_eq!(bucket.get("empty").await.unwrap(), "");
    let fetched = fetch(bucket, "empty", 0).await;
    assert_eq!(fetched, Ok(Held::Memory(Vec::new())));
    bucket.delete("empty").await.unwrap();
    bucket.delete(key).await.unwrap();
}

async fn objects_are_read_again_when_they_changed(bucket: &Bucket) {
    let key = "config/a b.json";
    let put = |body: &'static str| bucket.put(key, body.into(), "application/json");
    let get = |known| bucket.get_if_changed(key, known, u64::MAX);
    put("{}").await.unwrap();
    let (info, body) = get(None).await.unwrap().unwrap();
    assert_eq!(body, "{}");
    assert_eq!(info, bucket.head(key).await.unwrap());
    let most = info.size_bytes;
    let whole = bucket.get_if_changed(key, None, most).await;
    assert!(whole.unwrap().is_some(), "{bucket}");
    let cut = bucket.get_if_changed(key, None, most - 1).await;
    assert_eq!(cut.unwrap_err().kind(), ErrorKind::TooLarge, "{bucket}");
    assert_eq!(get(Some(&info)).await.unwrap(), None);
    put("[]").await.unwrap();
    let (new, body) = get(Some(&info)).await.unwrap().unwrap();
    assert_eq!(body, "[]");
    assert_ne!(new.version(), info.version());
    bucket.delete(key).await.unwrap();
    for known in [None, Some(&new)] {
        let gone = get(known).await.unwrap_err();
        assert_eq!(gone.kind(), ErrorKind::NotFound);
    }
}

async fn what_is_absent_is_not_found(bucket: &Bucket) {
    let expected = Err(ErrorKind::NotFound);
    let kind = |error: iiif_storage::Error| error.kind();
    assert_eq!(bucket.get("no/such").await.map_err(kind), expected);
    for max_bytes in [0, 10] {
        let fetched = fetch(bucket, "no/such", max_bytes).await;
        assert_eq!(fetched, Err(ErrorKind::NotFound));
    }
    assert_eq!(
        bucket.get_range("no/such", 0..1).await.map_err(kind),
        expected
    );
    assert_eq!(
        bucket.head("no/such").await.map(|_| ()).map_err(kind),
        Err(ErrorKind::NotFound)
    );
    assert!(!bucket.exists("no/such").await.unwrap());
    bucket.delete("no/such").await.unwrap();
}

async fn keys_that_lead_elsewhere_are_refused(bucket: &Bucket) {
    for key in [
        "", "..", "../x", "a/../x", "/x", "a//x", "%2e%2e/x", r"..\x", "a\0",
    ] {
        let kinds = BTreeMap::from([
            ("get", bucket.get(key).await.map(|_| ())),
            ("fetch", bucket.fetch(key, 0).await.map(|_| ())),
            ("range", bucket.get_range(key, 0..1).await.map(|_| ())),
            ("head", bucket.head(key).await.map(|_| ())),
            ("put", bucket.put(key, "x".into(), "image/png").await),
            ("delete", bucket.delete(key).await),
        ]);
        for (operation, result) in kinds {
            let kind = result.map_err(|error| error.kind());
            assert_eq!(
                kind,
                Err(ErrorKind::InvalidRequest),
                "{operation} `{key:?}`"
            );
        }
    }
    let listed: Result<Vec<_>, _> = bucket.list("../x").try_collect().await;
    assert_eq!(listed.unwrap_err().kind(), ErrorKind::InvalidRequest);
}

async fn keys(bucket: &Bucket, prefix: &str) -> Vec<String> {
    bucket
        .list(prefix)
        .map_ok(|info| info.key)
        .try_collect()
        .await
        .unwrap()
}
