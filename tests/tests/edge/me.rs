//! `GET` and `PATCH /api/v1/me`

use harness::{Person, edge, unique_name};
use serde_json::{Value, json};
use spillway_protocol::{api::Me, problem::Code};

#[tokio::test]
async fn shows_the_signed_in_person_to_themself() {
    let api = edge().await.api();
    let person = Person::register(&api).await;
    let me = api.get("/api/v1/me").by(&person).send().await.value(200);
    assert_eq!(
        me.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["createdAt", "email", "id", "role", "updatedAt", "username"]
    );
    assert_eq!(me, json!(person.me));
}

#[tokio::test]
async fn a_new_name_holds_from_then_on() {
    let api = edge().await.api();
    let person = Person::register(&api).await;
    let stream = person.create_stream().await;
    let name = unique_name();
    let me: Me = api.patch("/api/v1/me", json!({ "username": name })).by(&person).send().await.expect(200);
    assert_eq!(me.username, name);
    assert!(me.updated_at >= person.me.updated_at);
    let seen = api.get(&format!("/api/v1/streams/{}", stream.id)).send().await.value(200);
    assert_eq!(seen["creator"]["username"], json!(name));
}

#[tokio::test]
async fn a_name_must_be_free_and_well_formed() {
    let api = edge().await.api();
    let (person, other) = (Person::register(&api).await, Person::register(&api).await);
    let rename = |name: Value| api.patch("/api/v1/me", json!({ "username": name })).by(&person).send();
    rename(json!(other.me.username.to_uppercase())).await.refused(Code::UsernameTaken);
    assert_eq!(rename(json!("a b c")).await.refused_fields(), [("username".to_owned(), json!("INVALID"))]);
    assert_eq!(rename(json!(7)).await.refused_fields(), [("username".to_owned(), json!("INVALID"))]);
    let own = rename(json!(person.me.username.to_uppercase())).await.value(200);
    assert_eq!(own["username"], json!(person.me.username.to_uppercase()));
}

#[tokio::test]
async fn nobody_becomes_an_admin_by_asking() {
    let api = edge().await.api();
    let person = Person::register(&api).await;
    api.patch("/api/v1/me", json!({ "role": "ADMIN", "id": "user_x" })).by(&person).send().await;
    let me: Me = api.get("/api/v1/me").by(&person).send().await.expect(200);
    assert_eq!(me.role, person.me.role);
    assert_eq!(me.id, person.me.id);
}
