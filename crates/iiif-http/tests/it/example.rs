//! The pages for browsers: what they say, what they may load, and that they run nothing of a name.

use std::fs;
use std::path::Path;

use iiif_http::{ExamplePages, ServiceOptions, Viewer};
use iiif_testkit::encode::{PngOptions, png};
use iiif_testkit::pattern::gradient;

use crate::server::{Answer, Server};

/// A folder with files named as those of OpenSeadragon.
fn viewer_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        "openseadragon.min.js",
        "LICENSE.txt",
        "images/zoomin.png",
        "images/notes.md",
    ];
    fs::create_dir(folder.path().join("images")).unwrap();
    for file in files {
        fs::write(folder.path().join(file), file).unwrap();
    }
    fs::write(folder.path().join("secret.txt"), "secret").unwrap();
    folder
}

async fn server(viewer: Option<&Path>) -> Server {
    let mut options = ServiceOptions::default();
    let viewer = viewer.map(|folder| Viewer::read(folder).unwrap());
    options.example = Some(ExamplePages::default().with_viewer(viewer));
    Server::with("{}", options).await
}

async fn html(server: &Server, path: &str) -> String {
    let answer = server.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert_is_safe(&answer);
    answer.text().to_owned()
}

/// Nothing of a page runs but files of the server.
fn assert_is_safe(answer: &Answer) {
    let policy = answer.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self';"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("cache-control"), "no-cache");
    for inline in [
        "<script>",
        "<style",
        "style=",
        "onload=",
        "onerror=",
        "javascript:",
    ] {
        assert!(
            !answer.text().contains(inline),
            "{inline}: {}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn pages_are_there_only_when_asked_for() {
    let server = Server::start().await;
    for path in ["/", "/example/viewer?image=gray.jpg", "/example/style.css"] {
        assert_eq!(server.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn the_list_leads_to_every_image_and_to_nothing_else() {
    let server = server(None).await;
    let list = html(&server, "/").await;
    assert!(list.contains("<p>4 images</p>"), "{list}");
    assert!(!list.contains("notes.txt"));
    let link = |text: &str, start: &str| -> Vec<String> {
        let parts = text.split(start).skip(1);
        parts
            .map(|part| part.split('"').next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(link(&list, "href=\"/example/viewer?image=").len(), 4);
    let previews = link(&list, "<img src=\"");
    for preview in previews
        .iter()
        .filter(|preview| !preview.contains("cut.jpg"))
    {
        let preview = server.get(preview).await.image();
        assert!(preview.width() <= 400 && preview.height() <= 300);
    }
    for info in link(&list, "data-info=\"")
        .iter()
        .filter(|info| !info.contains("cut.jpg"))
    {
        assert!(server.get(info).await.json()["width"].is_u64());
    }
    for file in ["/example/style.css", "/example/list.js", "/example/zoom.js"] {
        assert_eq!(server.get(file).await.status, 200, "{file}");
    }
}

#[tokio::test]
async fn a_hundred_images_are_on_a_page() {
    let server = server(None).await;
    let image = png(&gradient(4, 4).into(), &PngOptions::default());
    for number in 0..101 {
        let key = format!("z{number:03}.PNG");
        server
            .bucket
            .put(&key, image.clone().into(), "image/png")
            .await
            .unwrap();
    }
    let first = html(&server, "/").await;
    assert!(first.contains("1 to 100 of 105 images"), "{first}");
    assert!(first.contains("z095.PNG") && !first.contains("z096.PNG"));
    assert!(first.contains("href=\"/?page=2\" rel=\"next\"") && !first.contains("rel=\"prev\""));
    let second = html(&server, "/?page=2").await;
    assert!(second.contains("101 to 105 of 105 images"), "{second}");
    assert!(second.contains("z100.PNG") && !second.contains("z095.PNG"));
    assert!(second.contains("href=\"/?page=1\" rel=\"prev\"") && !second.contains("rel=\"next\""));
    // A page that is no longer there is the last one.
    assert_eq!(html(&server, "/?page=9").await, second);
    assert_eq!(server.get("/?page=x").await.status, 400);
}

#[tokio::test]
async fn names_are_texts_and_not_html() {
    let server = server(None).await;
    let key = "<img src=x onerror=\"a()\">&'.jpg";
    let image = png(&gradient(4, 4).into(), &PngOptions::default());
    server
        .bucket
        .put(key, image.into(), "image/jpeg")
        .await
        .unwrap();
    let name = "&lt;img src=x onerror=&quot;a()&quot;&gt;&amp;&#39;.jpg";
    let list = server.get("/").await;
    assert!(list.text().contains(name), "{}", list.text());
    assert!(!list.text().contains("src=x onerror=\""), "{}", list.text());
    let start = "href=\"/example/viewer?image=";
    let link = list
        .text()
        .split(start)
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let page = server.get(&format!("/example/viewer?image={link}")).await;
    assert_eq!(page.status, 200);
    assert!(
        page.text().contains(&format!("<h1>{name}</h1>")),
        "{}",
        page.text()
    );
}

#[tokio::test]
async fn the_viewer_opens_both_versions() {
    let folder = viewer_folder();
    let server = server(Some(folder.path())).await;
    for (query, info) in [
        ("", "/iiif/3/maps%2Fcolor.png/info.json"),
        ("&version=3", "/iiif/3/maps%2Fcolor.png/info.json"),
        ("&version=2", "/iiif/2/maps%2Fcolor.png/info.json"),
    ] {
        let path = format!("/example/viewer?image=maps%2Fcolor.png{query}");
        let page = html(&server, &path).await;
        assert!(page.contains(&format!("data-info=\"{info}\"")), "{page}");
        assert!(
            page.contains("/example/openseadragon/LICENSE.txt"),
            "{page}"
        );
        assert_eq!(server.get(info).await.json()["width"], 300);
    }
    for (query, status) in [
        ("", 400),
        ("?image=none.jpg", 404),
        ("?image=..%2Fa.jpg", 400),
        ("?image=gray.jpg&version=4", 400),
    ] {
        let answer = server.get(&format!("/example/viewer{query}")).await;
        assert_eq!(answer.status, status, "{query}: {}", answer.text());
    }
}

#[tokio::test]
async fn of_the_viewer_s_folder_only_its_own_files_are_served() {
    let folder = viewer_folder();
    let server = server(Some(folder.path())).await;
    let script = server
        .get("/example/openseadragon/openseadragon.min.js")
        .await;
    assert_eq!(script.text(), "openseadragon.min.js");
    assert_eq!(
        script.header("content-type"),
        "text/javascript; charset=utf-8"
    );
    let button = server.get("/example/openseadragon/images/zoomin.png").await;
    assert_eq!(button.header("content-type"), "image/png");
    for name in [
        "secret.txt",
        "images/notes.md",
        "..%2Fsecret.txt",
        "images%2F..%2Fsecret.txt",
        "x",
    ] {
        let answer = server.get(&format!("/example/openseadragon/{name}")).await;
        assert_eq!(answer.status, 404, "{name}");
    }
    fs::remove_file(folder.path().join("LICENSE.txt")).unwrap();
    assert!(Viewer::read(folder.path()).is_err(), "without its licence");
}

#[tokio::test]
async fn without_a_viewer_an_image_is_shown_and_the_page_says_why() {
    let server = server(None).await;
    let page = html(&server, "/example/viewer?image=gray.jpg").await;
    assert!(page.contains("<code>make viewer</code>"), "{page}");
    assert!(!page.contains("<script"), "{page}");
    let image = "/iiif/2/gray.jpg/full/!1024,1024/0/default.jpg";
    assert!(
        page.contains(&format!("<img src=\"{image}\" alt=\"gray.jpg\">")),
        "{page}"
    );
    server.get(image).await.image();
}

#[tokio::test]
async fn links_and_the_policy_follow_the_public_uri() {
    let mut options = ServiceOptions::default();
    options.example = Some(ExamplePages::default());
    options.public_uri = Some("https://images.example.org/a/b".parse().unwrap());
    let server = Server::with("{}", options).await;
    let answer = server.get("/").await;
    assert!(
        answer.text().contains("href=\"/a/b/example/style.css\""),
        "{}",
        answer.text()
    );
    assert!(
        answer.text().contains("src=\"/a/b/iiif/2/gray.jpg/full/"),
        "{}",
        answer.text()
    );
    let policy = answer.header("content-security-policy");
    assert!(
        policy.contains("connect-src 'self' https://images.example.org;"),
        "{policy}"
    );

    let server = self::server(None).await.nested("/images");
    let nested = server.get("/images/example/viewer?image=gray.jpg").await;
    assert!(
        nested.text().contains("href=\"/images/example/style.css\""),
        "{}",
        nested.text()
    );
    // A host that would say more than where to load from says nothing.
    let host = [("host", "a;script-src%20*")];
    let answer = server.ask("GET", "/images", &host).await;
    assert!(
        !answer
            .header("content-security-policy")
            .contains("script-src%20*"),
        "{answer:?}"
    );
}
