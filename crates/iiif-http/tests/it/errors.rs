//! What cannot be answered, the status that tells it, and what it does not tell.

use crate::server::{COLOR, Server};

#[tokio::test]
async fn each_fault_has_its_status() {
    let server = Server::start().await;
    let table = [
        ("/", 404),
        ("/iiif/3/none.jpg/info.json", 404),
        ("/iiif/3/maps/color.png/info.json", 404),
        ("/iiif/3/notes.txt/info.json", 404),
        ("/iiif/3/cut.jpg/full/max/0/default.png", 500),
        // Parameters: 3.0 §4.1 to §4.5.
        ("{}/full/max/0/default", 400),
        ("{}/fulL/max/0/default.jpg", 400),
        ("{}/0,0,0,9/max/0/default.jpg", 400),
        ("{}/300,0,9,9/max/0/default.jpg", 400),
        ("{}/pct:101,0,9,9/max/0/default.jpg", 400),
        ("{}/full/full/0/default.jpg", 400),
        ("{}/full/600,/0/default.jpg", 400),
        ("{}/full/pct:101/0/default.jpg", 400),
        ("{}/full/!900,900/0/default.jpg", 400),
        ("{}/full/^99999,99999/0/default.jpg", 400),
        ("{}/full/0,/0/default.jpg", 400),
        ("{}/full/max/361/default.jpg", 400),
        ("{}/full/max/-1.5/default.jpg", 400),
        ("{}/full/max/0/sepia.jpg", 400),
        ("{}/full/max/0/default.bmp", 400),
        ("{}/full/max/0/default.jp2", 400),
        ("{}/full/m%00ax/0/default.jpg", 400),
        ("{}/full/max/0/default.jpg/more", 404),
    ];
    for (path, status) in table {
        let path = path.replace("{}", &format!("/iiif/3/{COLOR}"));
        let answer = server.get(&path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text());
        assert!(answer.text().len() > 20, "{path} is not explained");
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    }
}

#[tokio::test]
async fn nothing_outside_the_bucket_is_named() {
    let server = Server::start().await;
    for identifier in [
        "..%2F..%2Fetc%2Fpasswd",
        "%2e%2e",
        "%2e%2e%2fetc%2fpasswd",
        "%252e%252e%252fetc%252fpasswd",
        "..%5C..%5Cetc",
        "%2Fetc%2Fpasswd",
        "a%00.jpg",
        "a%0D%0AX-Evil:%20y",
        "maps%2F%2Fcolor.png",
        "maps%2F.%2Fcolor.png",
    ] {
        for path in ["info.json", "full/max/0/default.jpg"] {
            let answer = server.get(&format!("/iiif/3/{identifier}/{path}")).await;
            assert!(
                matches!(answer.status.as_u16(), 400 | 404),
                "{identifier}: {answer:?}"
            );
            assert!(!answer.headers.contains_key("x-evil"));
            for secret in ["object store", "bucket", "/tmp", "memory"] {
                assert!(!answer.text().contains(secret), "{}", answer.text());
            }
        }
    }
}
