"""Every route by every person: who is answered how. A route that isn't in the table fails."""

from collections.abc import Callable, Iterator

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException

from domain.base import clock
from domain.people import second_factor
from models import User, UserSession, db
from tests.cast import PASSWORD, Cast
from tests.house.stage import PEOPLE, fill

# out: nobody is signed in; cy: has an account and nothing else; bo: bought the Flask course; una: never
# verified her address; ada: made that course; nia: made the draft; mo: runs the shop.
# stage.fill knows the words in braces.
READING = """
                                                                        out cy  bo  una ada nia mo
/                                                                       200 200 200 200 200 200 200
/healthz                                                                200 200 200 200 200 200 200
/readyz                                                                 503 503 503 503 503 503 503
/theme.css                                                              200 200 200 200 200 200 200
/favicon.ico                                                            200 200 200 200 200 200 200
/covers/web/flask-first-steps.svg                                       200 200 200 200 200 200 200
/robots.txt                                                             200 200 200 200 200 200 200
/sitemap.xml                                                            200 200 200 200 200 200 200
/sitemap.xml?file=1                                                     200 200 200 200 200 200 200
/sitemap.xml?file=2                                                     404 404 404 404 404 404 404
/feed.xml                                                               200 200 200 200 200 200 200
/courses                                                                200 200 200 200 200 200 200
/courses?q=flask&level=beginner&sort=rating                             200 200 200 200 200 200 200
/courses?page=2                                                         404 404 404 404 404 404 404
/courses/flask-first-steps                                              200 200 200 200 200 200 200
/courses/flask-first-steps/cover.png                                    200 200 200 200 200 200 200
/courses/secret-draft/cover.png                                         404 404 404 404 404 404 404
/courses/reading-code                                                   200 200 200 200 200 200 200
/courses/secret-draft                                                   404 404 404 404 404 200 200
/courses/unknown                                                        404 404 404 404 404 404 404
/courses/flask-first-steps?reviews_sort=newest&reviews_page=9           200 200 200 200 200 200 200
/courses/flask-first-steps/review                                       303 403 200 403 403 403 403
/courses/secret-draft/review                                            303 404 404 404 404 403 403
/courses/unknown/review                                                 303 404 404 404 404 404 404
/courses/flask-first-steps/review/delete                                303 200 200 200 303 303 303
/courses/secret-draft/review/delete                                     303 404 404 404 404 303 303
/reviews/{review}/report                                                303 200 403 200 200 200 200
/reviews/{hidden_review}/report                                         303 404 404 403 404 404 200
/reviews/{nobody}/report                                                303 404 404 404 404 404 404
/reviews/{others_review}/reply/report                                   303 200 200 200 403 200 200
/reviews/{review}/reply/report                                          303 404 404 404 404 404 404
/courses/flask-first-steps/report                                       303 200 200 200 403 200 200
/courses/secret-draft/report                                            303 404 404 404 404 403 200
/courses/flask-first-steps/wish                                         303 200 200 200 200 200 200
/courses/secret-draft/wish                                              303 404 404 404 404 200 200
/wishlist                                                               303 200 200 200 200 200 200
/wishlist?before={wished}                                               303 200 404 404 404 404 404
/cart                                                                   200 200 200 200 200 200 200
/bundles/web-bundle                                                     200 200 200 200 200 200 200
/bundles/reading-bundle                                                 404 404 404 404 200 404 200
/bundles/web-bundle/cover.svg                                           200 200 200 200 200 200 200
/bundles/flask-first-steps/cover.svg                                    404 404 404 404 404 404 404
/bundles/flask-first-steps                                              404 404 404 404 404 404 404
/notifications                                                          303 200 200 200 200 200 200
/notifications?before={told}                                            303 404 200 404 404 404 404
/categories/web                                                         200 200 200 200 200 200 200
/categories/unknown                                                     404 404 404 404 404 404 404
/creators/ada                                                           200 200 200 200 200 200 200
/creators/nia                                                           200 200 200 200 200 200 200
/creators/{nobody}                                                      404 404 404 404 404 404 404
/register                                                               200 303 303 303 303 303 303
/register/sent                                                          303 303 303 303 303 303 303
/login                                                                  200 303 303 303 303 303 303
/login?next=//evil.example                                              200 303 303 303 303 303 303
/login/code                                                             303 303 303 303 303 303 303
/session/token                                                          200 200 200 200 200 200 200
/session/back                                                           303 200 200 200 200 200 200
/held/{nobody}                                                          303 410 410 410 410 410 410
/forgot-password                                                        200 200 200 200 200 200 200
/reset-password/{reset_token}                                           200 200 200 200 200 200 200
/reset-password/forged                                                  410 410 410 410 410 410 410
/verify-email/{verify_token}                                            200 200 200 200 200 200 200
/verify-email/forged                                                    410 410 410 410 410 410 410
/confirm-email/{email_token}                                            200 200 200 200 200 200 200
/confirm-email/forged                                                   410 410 410 410 410 410 410
/not-me/{not_me_token}                                                  200 200 200 200 200 200 200
/not-me/forged                                                          410 410 410 410 410 410 410
/unsubscribe/{unsubscribe_token}                                        200 200 200 200 200 200 200
/unsubscribe/forged                                                     410 410 410 410 410 410 410
/oauth/github                                                           404 404 404 404 404 404 404
/oauth/unknown                                                          404 404 404 404 404 404 404
/oauth/github/callback                                                  404 404 404 404 404 404 404
/account                                                                303 200 200 200 200 200 200
/account/email                                                          303 200 200 200 200 200 200
/account/security                                                       303 200 200 200 200 200 200
/account/security/second-factor                                         303 200 200 200 200 200 200
/account/prove                                                          303 200 200 200 200 200 200
/account/prove/done                                                     303 200 200 200 200 200 200
/account/security/identities/{bos_identity}/remove                      303 404 200 404 404 404 404
/account/security/identities/{nobody}/remove                            303 404 404 404 404 404 404
/account/security/link/github                                           303 404 404 404 404 404 404
/account/notifications                                                  303 200 200 200 200 200 200
/account/billing                                                        303 200 200 200 200 200 200
/orders                                                                 303 200 200 200 200 200 200
/gifts                                                                  303 200 200 200 200 200 200
/gifts/flask-first-steps                                                200 200 200 200 200 200 200
/gifts/reading-code                                                     200 200 200 200 200 200 200
/gifts/secret-draft                                                     404 404 404 404 404 200 200
/gifts?after=x                                                          303 200 200 200 200 200 200
/gifts/given/{gift}                                                     303 404 200 404 404 404 404
/gifts/given/{planned_gift}                                             303 404 200 404 404 404 404
/gifts/given/{nobody}                                                   303 404 404 404 404 404 404
/gifts/claim/{gift_token}                                               200 200 200 200 200 200 200
/gifts/claim/forged                                                     410 410 410 410 410 410 410
/orders?after=1790000000000000-00000000000000000000000000000000         303 200 200 200 200 200 200
/orders?after=x                                                         303 200 200 200 200 200 200
/orders/LN-TEST-0001                                                    303 404 200 404 404 404 404
/orders/LN-NONE-0000                                                    303 404 404 404 404 404 404
/orders?q=flask&state=paid                                              303 200 200 200 200 200 200
/orders?state=lost                                                      303 404 404 404 404 404 404
/orders/LN-TEST-0001/refund                                             303 404 200 404 404 404 404
/orders/LN-TEST-0001/refund?line=x                                      303 404 200 404 404 404 404
/orders/LN-NONE-0000/refund                                             303 404 404 404 404 404 404
/withdraw                                                               200 200 200 200 200 200 200
/withdraw?order=LN-TEST-0001                                            200 200 200 200 200 200 200
/withdraw/received/{received_token}                                     200 200 200 200 200 200 200
/withdraw/received/forged                                               404 404 404 404 404 404 404
/withdraw/stop/{stop_token}                                             200 200 200 200 200 200 200
/withdraw/stop/forged                                                   410 410 410 410 410 410 410
/orders/LN-TEST-0001/particulars                                        303 404 200 404 404 404 200
/orders/LN-NONE-0000/particulars                                        303 404 404 404 404 404 404
/orders/LN-TEST-0001/documents/{invoice}.pdf                            303 404 200 404 404 404 200
/orders/LN-TEST-0001/documents/INV-2000-000001.pdf                      303 404 404 404 404 404 404
/orders/LN-NONE-0000/documents/{invoice}.pdf                            303 404 404 404 404 404 404
/checkout/success                                                       303 404 404 404 404 404 404
/checkout/success?session_id=cs_test_cast                               303 404 200 404 404 404 404
/checkout/review                                                        303 200 303 303 303 303 303
/checkout/review?product={wished}                                       303 200 303 200 200 200 303
/checkout/review?product={nobody}                                       303 404 404 404 404 404 404
/checkout/cancelled                                                     303 404 404 404 404 404 404
/checkout/cancelled?order=LN-TEST-0001                                  303 404 303 404 404 404 404
/learn                                                                  303 200 200 200 200 200 200
/learn?page=2                                                           303 404 404 404 404 404 404
/learn/flask-first-steps                                                303 403 302 403 302 403 302
/learn/reading-code                                                     303 403 403 403 302 403 302
/learn/secret-draft                                                     404 404 404 404 404 302 302
/learn/unknown                                                          404 404 404 404 404 404 404
/learn/flask-first-steps/hello-flask                                    200 200 200 200 200 200 200
/learn/flask-first-steps/routes                                         303 403 200 403 200 403 200
/learn/flask-first-steps/forms-on-film                                  303 403 200 403 200 403 200
/learn/reading-code/why-read                                            303 403 403 403 200 403 200
/learn/secret-draft/not-yet                                             404 404 404 404 404 200 200
/learn/flask-first-steps/unknown                                        404 404 404 404 404 404 404
/learn/flask-first-steps/routes/resources/{file}                        303 403 200 403 200 403 200
/learn/flask-first-steps/routes/resources/{nobody}                      303 403 404 403 404 403 404
/learn/flask-first-steps/hello-flask/resources/{file}                   404 404 404 404 404 404 404
/media/{media_token}/{asset}/film.mp4                                   200 200 200 200 200 200 200
/media/{media_token}/{asset}/missing.mp4                                404 404 404 404 404 404 404
/media/{old_token}/{asset}/film.mp4                                     403 403 403 403 403 403 403
/media/{media_token}/{nobody}/film.mp4                                  403 403 403 403 403 403 403
/media/{media_token}/{asset}/captions/en.vtt                            200 200 200 200 200 200 200
/media/{media_token}/{asset}/captions/xx.vtt                            404 404 404 404 404 404 404
/media/{old_token}/{asset}/captions/en.vtt                              403 403 403 403 403 403 403
/media/{media_token}/{asset}/chapters.vtt                               200 200 200 200 200 200 200
/media/{proposed_token}/{asset}/proposed/captions/en.vtt                200 200 200 200 200 200 200
/media/{proposed_token}/{asset}/proposed/captions/xx.vtt                404 404 404 404 404 404 404
/media/{media_token}/{asset}/proposed/captions/en.vtt                   403 403 403 403 403 403 403
/media/{proposed_token}/{asset}/proposed/chapters.vtt                   200 200 200 200 200 200 200
/media/{media_token}/{asset}/proposed/chapters.vtt                      403 403 403 403 403 403 403
/media/{old_token}/{asset}/chapters.vtt                                 403 403 403 403 403 403 403
/images/avatar/{image}/64.webp                                          200 200 200 200 200 200 200
/images/avatar/{image}/65.webp                                          404 404 404 404 404 404 404
/pictures/{picture}                                                     403 403 200 403 200 403 200
/pictures/{description_picture}                                         200 200 200 200 200 200 200
/pictures/{draft_picture}                                               404 404 404 404 404 200 200
/pictures/{nobody}                                                      404 404 404 404 404 404 404
/about                                                                  200 200 200 200 200 200 200
/contact                                                                200 200 200 200 200 200 200
/teach                                                                  200 200 200 200 303 303 200
/studio/courses                                                         303 303 303 303 200 200 200
/studio/courses?status=draft&q=draft&older={nobody}                     303 303 303 303 200 200 200
/studio/bundles                                                         303 303 303 303 200 200 200
/studio/bundles/new                                                     303 303 303 303 200 200 200
/studio/bundles.csv                                                     303 303 303 303 200 200 200
/studio/bundles?after={nobody}                                          303 303 303 303 200 200 200
/studio/bundles/{bundle}                                                303 303 303 303 200 404 200
/studio/bundles/{nobody}                                                303 303 303 303 404 404 404
/studio/bundles/{bundle}/courses?find=flask                             303 303 303 303 200 404 200
/studio/bundles/{bundle}/price                                          303 303 303 303 200 404 200
/studio/bundles/{bundle}/sharing                                        303 303 303 303 200 404 200
/studio/bundles/{bundle}/publish                                        303 303 303 303 200 404 200
/studio/bundles/{bundle}/analytics?period=12m                           303 303 303 303 200 404 200
/studio/bundles/{bundle}/analytics?period=7d                            303 303 303 303 404 404 404
/studio/bundles/{bundle}/analytics/sales.csv                            303 303 303 303 200 404 200
/studio/bundles/{bundle}/archive                                        303 303 303 303 200 404 200
/studio/bundles/{bundle}/delete                                         303 303 303 303 200 404 200
/studio/bundle-requests                                                 303 303 303 303 200 200 200
/studio/courses/new                                                     303 303 303 303 200 200 200
/studio/courses/{course}                                                303 303 303 303 200 404 200
/studio/courses/{draft_course}?find=flask                               303 303 303 303 404 200 200
/studio/courses/{nobody}                                                303 303 303 303 404 404 404
/studio/courses/{course}/required                                       303 303 303 303 303 404 303
/studio/courses/{course}/pricing                                        303 303 303 303 200 404 200
/studio/courses/{course}/access                                         303 303 303 303 200 404 200
/studio/courses/{course}/sharing                                        303 303 303 303 200 404 200
/studio/courses/{course}/duplicate                                      303 303 303 303 200 404 200
/studio/courses/{course}/archive                                        303 303 303 303 200 404 200
/studio/courses/{course}/delete                                         303 303 303 303 200 404 200
/studio/courses/{course}/preview                                        303 303 303 303 303 404 303
/studio/courses/import                                                  303 303 303 303 200 200 200
/studio/courses/{course}/export                                         303 303 303 303 200 404 200
/studio/courses/{course}/export.zip                                     303 303 303 303 200 404 200
/studio/courses/{course}/exports/{nobody}.zip                           303 303 303 303 404 404 404
/studio/tags?tags=py                                                    303 303 303 303 303 303 303
/studio/courses/{course}/curriculum                                     303 303 303 303 200 404 200
/studio/courses/{course}/curriculum/videos                              303 303 303 303 200 404 200
/studio/courses/{course}/curriculum/modules/{module}/edit               303 303 303 303 200 404 200
/studio/courses/{course}/curriculum/modules/{nobody}/edit               303 303 303 303 404 404 404
/studio/courses/{course}/curriculum/modules/{module}/delete             303 303 303 303 200 404 200
/studio/courses/{course}/curriculum/lessons/{filmed_lesson}/delete      303 303 303 303 200 404 200
/studio/courses/{course}/curriculum/lessons/{draft_lesson}/delete       303 303 303 303 404 404 404
/studio/courses/{course}/lessons/{filmed_lesson}                        303 303 303 303 200 404 200
/studio/courses/{course}/lessons/{draft_lesson}                         303 303 303 303 404 404 404
/studio/courses/{draft_course}/lessons/{draft_lesson}                   303 303 303 303 404 200 200
/studio/courses/{course}/lessons/{filmed_lesson}/discard                303 303 303 303 200 404 200
/studio/courses/{course}/lessons/{filmed_lesson}/captions               303 303 303 303 200 404 200
/studio/courses/{course}/lessons/{filmed_lesson}/captions/en            303 303 303 303 200 404 200
/studio/courses/{course}/lessons/{filmed_lesson}/captions/xx            303 303 303 303 404 404 404
/learn/flask-first-steps/routes?draft=1                                 303 403 200 403 200 403 200
/studio/courses/{course}/publish                                        303 303 303 303 200 404 200
/studio/profile                                                         303 303 303 303 200 200 200
/studio                                                                 303 303 303 303 200 200 200
/studio/courses/{course}/analytics?period=90d                           303 303 303 303 200 404 200
/studio/courses/{course}/analytics/days.csv                             303 303 303 303 200 404 200
/studio/courses/{course}/analytics/sales.csv                            303 303 303 303 200 404 200
/studio/courses/{course}/analytics/unknown.csv                          303 303 303 303 404 404 404
/studio/students?course={course}&q=bo                                   303 303 303 303 200 200 200
/studio/students.csv                                                    303 303 303 303 200 200 200
/studio/earnings?month=2026-11                                          303 303 303 303 200 200 200
/studio/payouts                                                         303 303 303 303 200 200 200
/studio/payouts?after={nobody}                                          303 303 303 303 200 200 200
/studio/payouts/{payout}                                                303 303 303 303 200 404 404
/studio/payouts/{payout}/statement.csv                                  303 303 303 303 200 404 404
/studio/payouts/{payout}/document.pdf                                   303 303 303 303 200 404 404
/studio/payouts/{nobody}                                                303 303 303 303 404 404 404
/studio/payouts/years/2026                                              303 303 303 303 200 200 200
/studio/payouts/years/1                                                 303 303 303 303 404 404 404
/studio/payouts/years/2026.csv                                          303 303 303 303 200 200 200
/studio/payouts/particulars                                             303 303 303 303 200 200 200
/admin/payouts                                                          303 404 404 404 404 404 200
/admin/payouts?state=paid                                               303 404 404 404 404 404 200
/admin/payouts?state=unknown                                            303 404 404 404 404 404 404
/admin/payouts/plan                                                     303 404 404 404 404 404 200
/admin/payouts/holds                                                    303 404 404 404 404 404 200
/admin/payouts/{payout}                                                 303 404 404 404 404 404 200
/admin/payouts/{payout}/statement.csv                                   303 404 404 404 404 404 200
/admin/payouts/{payout}/document.pdf                                    303 404 404 404 404 404 200
/admin/payouts/{payout}/reverse                                         303 404 404 404 404 404 200
/admin/payouts/{nobody}                                                 303 404 404 404 404 404 404
/admin/payouts/adjust                                                   303 404 404 404 404 404 200
/admin/settings/payouts                                                 303 404 404 404 404 404 200
/studio/earnings.csv                                                    303 303 303 303 200 200 200
/studio/sales/LN-TEST-0001/refund                                       303 303 303 303 404 404 404
/studio/payouts/account                                                 303 303 303 303 200 200 200
/studio/payouts/account/again                                           303 303 303 303 303 303 303
/studio/payouts/account/back                                            303 303 303 303 303 303 303
/studio/payouts/account/disconnect                                      303 303 303 303 200 303 303
/studio/coupons?q=ada                                                   303 303 303 303 200 200 200
/studio/coupons/new                                                     303 303 303 303 200 200 200
/studio/coupons/{coupon}                                                303 303 303 303 200 404 404
/studio/coupons/{coupon}/edit                                           303 303 303 303 200 404 404
/studio/coupons/{coupon}/orders.csv                                     303 303 303 303 200 404 404
/studio/coupons/{coupon}/days.csv                                       303 303 303 303 200 404 404
/studio/coupons/{coupon}?period=12m                                     303 303 303 303 200 404 404
/studio/coupons/{coupon}/codes.csv                                      303 303 303 303 404 404 404
/studio/coupons/{shop_coupon}                                           303 303 303 303 404 404 404
/admin/coupons                                                          303 404 404 404 404 404 200
/admin/coupons?of=creators&q=ada                                        303 404 404 404 404 404 200
/admin/coupons/new                                                      303 404 404 404 404 404 200
/admin/coupons/{shop_coupon}                                            303 404 404 404 404 404 200
/admin/coupons/{shop_coupon}/edit                                       303 404 404 404 404 404 200
/admin/coupons/{coupon}                                                 303 404 404 404 404 404 200
/admin/coupons/{coupon}/edit                                            303 404 404 404 404 404 404
/admin/coupons/{shop_coupon}/orders.csv                                 303 404 404 404 404 404 200
/admin/coupons/{shop_coupon}/days.csv                                   303 404 404 404 404 404 200
/admin/coupons/{nobody}/codes.csv                                       303 404 404 404 404 404 404
/studio/reviews?rating=4&unanswered=1                                   303 303 303 303 200 200 200
/studio/reviews/{review}/reply                                          303 303 303 303 200 404 404
/studio/reviews/{hidden_review}/reply                                   303 303 303 303 404 404 404
/admin/moderation                                                       303 404 404 404 404 404 200
/admin/moderation?kind=review&after={nobody}                            303 404 404 404 404 404 200
/admin/moderation/history?kind=course                                   303 404 404 404 404 404 200
/admin/moderation/{item}                                                303 404 404 404 404 404 200
/admin/moderation/{course_item}?lesson={draft_lesson}                   303 404 404 404 404 404 200
/admin/moderation/{nobody}                                              303 404 404 404 404 404 404
/admin/expiring                                                         303 404 404 404 404 404 200
/courses/flask-first-steps/code                                         403 403 200 403 200 403 200
/courses/unknown/code                                                   404 404 404 404 404 404 404
/studio/courses/{course}/media                                          303 303 303 303 200 404 200
/studio/courses/{course}/film                                           303 303 303 303 303 404 303
/studio/courses/{course}/lessons/{filmed_lesson}/recording              303 303 303 303 303 404 303
/studio/uploads?purpose=preview_film&course={course}                    303 303 303 303 200 404 200
/studio/uploads?purpose=unknown                                         303 303 303 303 404 404 404
/studio/uploads/{upload}                                                303 303 303 303 200 404 404
/admin                                                                  303 404 404 404 404 404 200
/admin/users                                                            303 404 404 404 404 404 200
/admin/users?q=bo&kind=learner                                          303 404 404 404 404 404 200
/admin/users/{person}                                                   303 404 404 404 404 404 200
/admin/orders                                                           303 404 404 404 404 404 200
/admin/orders?state=completed                                           303 404 404 404 404 404 200
/admin/orders/LN-TEST-0001                                              303 404 404 404 404 404 200
/admin/orders/LN-TEST-0001/refund                                       303 404 404 404 404 404 200
/admin/withdrawals                                                      303 404 404 404 404 404 200
/admin/withdrawals?open=1&after=x                                       303 404 404 404 404 404 200
/admin/moderation/{refund_item}                                         303 404 404 404 404 404 200
/admin/documents                                                        303 404 404 404 404 404 200
/admin/documents?q=INV&from=2020-01-01                                  303 404 404 404 404 404 200
/admin/documents.zip                                                    303 404 404 404 404 404 422
/admin/documents.zip?from=2020-01-01&to=2199-01-01                      303 404 404 404 404 404 200
/admin/emails                                                           303 404 404 404 404 404 200
/admin/emails?state=failed                                              303 404 404 404 404 404 200
/admin/emails/{message}                                                 303 404 404 404 404 404 200
/admin/emails/{message}/body.html                                       303 404 404 404 404 404 200
/admin/jobs                                                             303 404 404 404 404 404 200
/admin/jobs?state=done                                                  303 404 404 404 404 404 200
/admin/jobs/{job}                                                       303 404 404 404 404 404 200
/admin/media                                                            303 404 404 404 404 404 200
/admin/alerts                                                           303 404 404 404 404 404 200
/admin/webhooks                                                         303 404 404 404 404 404 200
/admin/webhooks?state=handled                                           303 404 404 404 404 404 200
/admin/webhooks/{event}                                                 303 404 404 404 404 404 200
/admin/backups                                                          303 404 404 404 404 404 200
/admin/backups?state=gone                                               303 404 404 404 404 404 200
/admin/audit                                                            303 404 404 404 404 404 200
/admin/audit?actor=system&action=vet&from=2020-01-01                    303 404 404 404 404 404 200
/admin/audit.csv                                                        303 404 404 404 404 404 200
/admin/categories                                                       303 404 404 404 404 404 200
/admin/categories/{category}                                            303 404 404 404 404 404 200
/admin/settings                                                         303 404 404 404 404 404 200
/admin/settings/look                                                    303 404 404 404 404 404 200
/admin/settings/look?color=%23ffff00                                    303 404 404 404 404 404 200
/admin/settings/rules                                                   303 404 404 404 404 404 200
/admin/analytics?period=90d                                             303 404 404 404 404 404 200
/admin/analytics/days.csv                                               303 404 404 404 404 404 200
/admin/analytics/products.csv                                           303 404 404 404 404 404 200
/admin/analytics/unknown.csv                                            303 404 404 404 404 404 404
/admin/settings/refunds                                                 303 404 404 404 404 404 200
/admin/books                                                            303 404 404 404 404 404 200
/admin/books?year=2026                                                  303 404 404 404 404 404 200
/admin/books/findings                                                   303 404 404 404 404 404 200
/admin/books/findings?state=resolved                                    303 404 404 404 404 404 200
/admin/books/{finding}                                                  303 404 404 404 404 404 200
/admin/books.csv?year=2026                                              303 404 404 404 404 404 200
/admin/books/journal.csv?month=2026-11                                  303 404 404 404 404 404 200
/admin/tax                                                              303 404 404 404 404 404 200
/admin/tax?period=2026-11                                               303 404 404 404 404 404 200
/admin/tax.csv                                                          303 404 404 404 404 404 200
/admin/tax/one-stop-shop                                                303 404 404 404 404 404 200
/admin/tax/one-stop-shop.csv                                            303 404 404 404 404 404 200
/admin/settings/seller                                                  303 404 404 404 404 404 200
/admin/settings/tax                                                     303 404 404 404 404 404 200
/admin/settings/currency                                                303 404 404 404 404 404 200
/admin/settings/checkout                                                303 404 404 404 404 404 200
/admin/settings/sign-in                                                 303 404 404 404 404 404 200
/admin/settings/featured                                                303 404 404 404 404 404 200
/admin/users/{nobody}                                                   303 404 404 404 404 404 404
/admin/orders/LN-NONE-0000                                              303 404 404 404 404 404 404
/admin/disputes                                                         303 404 404 404 404 404 200
/admin/disputes?state=closed                                            303 404 404 404 404 404 200
/admin/disputes/{dispute}                                               303 404 404 404 404 404 200
/admin/disputes/{nobody}                                                303 404 404 404 404 404 404
/admin/disputes/{dispute}/send                                          303 404 404 404 404 404 200
/admin/disputes/{nobody}/send                                           303 404 404 404 404 404 404
/admin/disputes/{dispute}/evidence.pdf                                  303 404 404 404 404 404 200
/admin/emails/{nobody}                                                  303 404 404 404 404 404 404
/admin/emails/{nobody}/body.html                                        303 404 404 404 404 404 404
/admin/jobs/{nobody}                                                    303 404 404 404 404 404 404
/admin/webhooks/evt_unknown                                             303 404 404 404 404 404 404
/admin/categories/{nobody}                                              303 404 404 404 404 404 404
/dev/mail                                                               200 200 200 200 200 200 200
/dev/mail/{message}                                                     200 200 200 200 200 200 200
/dev/mail/{nobody}                                                      404 404 404 404 404 404 404
/dev/mail/{message}/body.html                                           200 200 200 200 200 200 200
/dev/mail/{nobody}/body.html                                            404 404 404 404 404 404 404
/styleguide                                                             200 200 200 200 200 200 200
/nowhere                                                                404 404 404 404 404 404 404
/logout                                                                 405 405 405 405 405 405 405
"""

# Forms are sent empty. Nothing that a form does here changes what a later line answers.
WRITING = """
                                                                        out cy  bo  una ada nia mo
/login                                                                  422 422 422 422 422 422 422
/login/code                                                             303 303 303 303 303 303 303
/register                                                               422 303 303 303 303 303 303
/register/finish                                                        303 303 303 303 303 303 303
/verify-email/resend                                                    303 303 303 303 303 303 303
/forgot-password                                                        422 422 422 422 422 422 422
/reset-password/{reset_token}                                           422 422 422 422 422 422 422
/reset-password/forged                                                  410 410 410 410 410 410 410
/verify-email/forged                                                    410 410 410 410 410 410 410
/confirm-email/forged                                                   410 410 410 410 410 410 410
/unsubscribe/{unsubscribe_token}                                        200 200 200 200 200 200 200
/unsubscribe/forged                                                     410 410 410 410 410 410 410
/logout                                                                 303 303 303 303 303 303 303
/held/{nobody}/throw-away                                               404 404 404 404 404 404 404
/held/{nobody}/sign-out                                                 303 303 303 303 303 303 303
/account                                                                303 422 422 422 422 422 422
/account/email                                                          303 422 422 422 422 422 422
/account/security                                                       303 422 422 422 422 422 422
/account/prove                                                          303 403 403 403 403 403 403
/account/security/second-factor                                         303 200 200 200 200 200 200
/account/security/second-factor/remove                                  303 303 303 303 303 303 303
/account/security/recovery-codes                                        303 303 303 303 303 303 303
/account/security/recovery-codes.txt                                    303 422 422 422 422 422 422
/account/security/second-factor/begin                                   303 303 303 303 303 303 303
/account/security/identities/{bos_identity}/remove                      303 404 422 404 404 404 404
/account/security/identities/{nobody}/remove                            303 404 404 404 404 404 404
/account/security/link/github                                           303 404 404 404 404 404 404
/account/notifications                                                  303 303 303 303 303 303 303
/orders/LN-TEST-0001/refund                                             303 404 422 404 404 404 404
/orders/LN-NONE-0000/refund                                             303 404 404 404 404 404 404
/withdraw                                                               422 422 422 422 422 422 422
/withdraw/confirm                                                       422 422 422 422 422 422 422
/withdraw/stop/{stop_token}                                             200 200 200 200 200 200 200
/withdraw/stop/forged                                                   410 410 410 410 410 410 410
/orders/LN-TEST-0001/particulars                                        303 404 303 404 404 404 303
/account/billing                                                        303 303 303 303 303 303 303
/account/security/devices/{bos_device}/sign-out                         303 303 303 303 303 303 303
/account/security/devices/{nobody}/sign-out                             303 303 303 303 303 303 303
/account/security/devices/sign-out-others                               303 303 303 303 303 303 303
/account/picture                                                        303 303 303 303 303 303 303
/account/picture/remove                                                 303 303 303 303 303 303 303
/studio/uploads                                                         303 303 303 303 422 422 422
/studio/uploads/{upload}/parts/1                                        303 303 303 303 200 404 404
/studio/uploads/{upload}/finish                                         303 303 303 303 409 404 404
/studio/uploads/{upload}/cancel                                         303 303 303 303 303 404 404
/studio/courses/{course}/media                                          303 303 303 303 422 404 422
/studio/courses/{course}/picture/remove                                 303 303 303 303 303 404 303
/studio/courses/{course}/code/remove/waiting                            303 303 303 303 303 404 303
/studio/courses/{course}/code/remove/unknown                            303 303 303 303 404 404 404
/studio/courses/{course}/film/retry                                     303 303 303 303 404 404 404
/studio/courses/{course}/film/remove                                    303 303 303 303 404 404 404
/studio/courses/{course}/lessons/{filmed_lesson}/recording/retry        303 303 303 303 303 404 303
/studio/courses/{course}/lessons/{nobody}/recording/remove              303 303 303 303 404 404 404
/studio/courses/{course}/curriculum                                     303 303 303 303 422 404 422
/studio/courses/{course}/curriculum/videos                              303 303 303 303 422 404 422
/studio/courses/{course}/curriculum/chosen                              303 303 303 303 422 404 422
/studio/courses/{course}/curriculum/modules/{module}/move               303 303 303 303 400 404 400
/studio/courses/{course}/curriculum/modules/{nobody}/published          303 303 303 303 404 404 404
/studio/courses/{course}/curriculum/modules/{nobody}/duplicate          303 303 303 303 404 404 404
/studio/courses/{course}/curriculum/modules/{module}/edit               303 303 303 303 422 404 422
/studio/courses/{course}/curriculum/modules/{nobody}/delete             303 303 303 303 404 404 404
/studio/courses/{course}/curriculum/modules/{module}/lessons            303 303 303 303 422 404 422
/studio/courses/{course}/curriculum/lessons/{filmed_lesson}/move        303 303 303 303 400 404 400
/studio/courses/{course}/curriculum/lessons/{nobody}/published          303 303 303 303 404 404 404
/studio/courses/{course}/curriculum/lessons/{nobody}/preview            303 303 303 303 404 404 404
/studio/courses/{course}/curriculum/lessons/{nobody}/duplicate          303 303 303 303 404 404 404
/studio/courses/{course}/curriculum/lessons/{filmed_lesson}/title       303 303 303 303 422 404 422
/studio/courses/{course}/curriculum/lessons/{nobody}/delete             303 303 303 303 404 404 404
/studio/courses/{course}/lessons/{filmed_lesson}                        303 303 303 303 422 404 422
/studio/courses/{course}/lessons/{filmed_lesson}/typed                  303 303 303 303 409 404 409
/studio/courses/{course}/lessons/{filmed_lesson}/discard                303 303 303 303 409 404 409
/studio/courses/{course}/lessons/{filmed_lesson}/typed/throw-away       303 303 303 303 303 404 303
/studio/courses/{course}/lessons/{filmed_lesson}/captions               303 303 303 303 422 404 422
/studio/courses/{course}/lessons/{filmed_lesson}/captions/en            303 303 303 303 303 404 303
/studio/courses/{course}/lessons/{filmed_lesson}/captions/xx/delete     303 303 303 303 303 404 303
/studio/courses/{course}/lessons/{filmed_lesson}/chapters               303 303 303 303 303 404 303
/studio/courses/{course}/lessons/{filmed_lesson}/resources              303 303 303 303 422 404 422
/studio/courses/{course}/lessons/{filmed_lesson}/resources/{nobody}/title 303 303 303 303 404 404 404
/studio/courses/{course}/lessons/{filmed_lesson}/resources/{nobody}/move 303 303 303 303 400 404 400
/studio/courses/{course}/lessons/{filmed_lesson}/resources/{nobody}/delete 303 303 303 303 404 404 404
/studio/courses/{course}/pictures                                       303 303 303 303 422 404 422
/account/security/password-link                                         303 303 303 303 303 303 303
/checkout                                                               303 404 404 404 404 404 404
/checkout/cart                                                          303 303 303 303 303 303 303
/checkout/review                                                        303 404 404 404 404 404 404
/learn/flask-first-steps/enroll                                         303 303 303 303 303 303 303
/learn/secret-draft/enroll                                              404 404 404 404 404 303 303
/learn/unknown/enroll                                                   404 404 404 404 404 404 404
/learn/flask-first-steps/hello-flask/complete                           303 303 303 303 303 303 303
/learn/flask-first-steps/routes/complete                                303 403 303 403 303 403 303
/learn/reading-code/why-read/complete                                   303 303 403 403 303 403 303
/learn/secret-draft/not-yet/complete                                    404 404 404 404 404 303 303
/learn/flask-first-steps/unknown/complete                               404 404 404 404 404 404 404
/learn/flask-first-steps/hello-flask/reopen                             303 303 303 303 303 303 303
/learn/flask-first-steps/routes/reopen                                  303 403 303 403 303 403 303
/learn/secret-draft/not-yet/reopen                                      404 404 404 404 404 303 303
/learn/flask-first-steps/routes/heartbeat                               422 422 422 422 422 422 422
/learn/unknown/routes/heartbeat                                         422 422 422 422 422 422 422
/learn/reading-code/enroll                                              303 303 303 303 303 303 303
/learn/reading-code/why-read/reopen                                     303 303 303 303 303 303 303
/courses/flask-first-steps/review                                       303 403 422 403 403 403 403
/courses/secret-draft/review                                            303 404 404 404 404 403 403
/reviews/{review}/helpful                                               303 303 403 303 303 303 303
/reviews/{review}/report                                                303 422 403 422 422 422 422
/reviews/{hidden_review}/helpful                                        303 404 404 403 404 404 303
/reviews/{hidden_review}/report                                         303 404 404 403 404 404 422
/reviews/{nobody}/helpful                                               303 404 404 404 404 404 404
/reviews/{nobody}/report                                                303 404 404 404 404 404 404
/reviews/{others_review}/reply/report                                   303 422 422 422 403 422 422
/reviews/{review}/reply/report                                          303 404 404 404 404 404 404
/courses/flask-first-steps/review/delete                                303 303 303 303 303 303 303
/courses/flask-first-steps/report                                       303 422 422 422 403 422 422
/courses/secret-draft/report                                            303 404 404 404 404 403 422
/gifts/claim/{gift_token}                                               303 303 422 422 422 303 303
/gifts/claim/{gift_token}/pass-on                                       303 422 422 422 422 422 422
/gifts/claim/{gift_token}/exchange                                      303 422 422 422 422 422 422
/gifts/flask-first-steps                                                422 422 422 422 422 422 422
/gifts/secret-draft                                                     404 404 404 404 404 422 422
/gifts/claim/forged                                                     303 410 410 410 410 410 410
/gifts/given/{gift}                                                     303 404 422 404 404 404 404
/gifts/given/{gift}/resend                                              303 404 422 404 404 404 404
/gifts/given/{gift}/keep                                                303 404 422 404 404 404 404
/wishlist/{wished}/notify                                               303 303 404 404 404 404 404
/wishlist/{nobody}/notify                                               303 404 404 404 404 404 404
/wishlist/{wished}/remove                                               303 303 303 303 303 303 303
/cart/items                                                             404 404 404 404 404 404 404
/bundles/web-bundle/take                                                303 303 303 303 303 303 303
/bundles/flask-first-steps/take                                         303 404 404 404 404 404 404
/cart/items/{cart_line}/remove                                          404 303 404 404 404 404 404
/cart/items/{cart_line}/put-back                                        404 303 404 404 404 404 404
/cart/items/{cart_line}/save                                            303 303 404 404 404 404 404
/cart/coupon                                                            422 422 422 422 422 422 422
/cart/coupon/remove                                                     303 303 303 303 303 303 303
/cart/items/{nobody}/remove                                             404 404 404 404 404 404 404
/cart/items/{nobody}/put-back                                           404 404 404 404 404 404 404
/cart/items/{nobody}/save                                               303 404 404 404 404 404 404
/courses/flask-first-steps/wish                                         303 303 303 303 303 303 303
/courses/secret-draft/wish                                              303 404 404 404 404 303 303
/notifications/{told}/open                                              303 404 303 404 404 404 404
/notifications/{told}/read                                              303 404 303 404 404 404 404
/notifications/{nobody}/open                                            303 404 404 404 404 404 404
/notifications/read-all                                                 303 303 303 303 303 303 303
/verify-email/{verify_token}                                            422 422 422 422 422 422 422
/confirm-email/{email_token}                                            422 422 303 422 422 422 422
/studio/bundles/new                                                     303 303 303 303 422 422 422
/studio/bundles/{bundle}                                                303 303 303 303 422 404 422
/studio/bundles/{bundle}/picture                                        303 303 303 303 422 404 422
/studio/bundles/{bundle}/picture/remove                                 303 303 303 303 303 404 303
/studio/bundles/{bundle}/discard                                        303 303 303 303 303 404 303
/studio/bundles/{bundle}/courses                                        303 303 303 303 422 404 422
/studio/bundles/{bundle}/courses/{nobody}/move                          303 303 303 303 422 404 422
/studio/bundles/{bundle}/courses/{nobody}/remove                        303 303 303 303 404 404 404
/studio/bundles/{bundle}/price                                          303 303 303 303 422 404 422
/studio/bundles/{bundle}/sharing                                        303 303 303 303 303 404 303
/studio/bundles/{bundle}/publish                                        303 303 303 303 422 404 422
/studio/bundles/{bundle}/publish/withdraw                               303 303 303 303 422 404 422
/studio/bundles/{bundle}/archive                                        303 303 303 303 303 404 303
/studio/bundles/{bundle}/delete                                         303 303 303 303 303 404 303
/studio/bundle-requests/{bundle}/{nobody}                               303 303 303 303 404 404 404
/studio/courses/new                                                     303 303 303 303 422 422 422
/studio/courses/{course}                                                303 303 303 303 422 404 422
/studio/courses/{draft_course}                                          303 303 303 303 404 422 422
/studio/courses/{course}/required                                       303 303 303 303 422 404 422
/studio/courses/{course}/required/{nobody}/lock                         303 303 303 303 303 404 303
/studio/courses/{course}/required/{nobody}/release                      303 303 303 303 303 404 303
/studio/courses/{course}/pricing                                        303 303 303 303 422 404 422
/studio/courses/{course}/access                                         303 303 303 303 422 404 422
/studio/courses/{course}/sharing                                        303 303 303 303 303 404 303
/studio/courses/{course}/duplicate                                      303 303 303 303 303 404 303
/studio/courses/{course}/export                                         303 303 303 303 303 404 303
/studio/courses/{draft_course}/archive                                  303 303 303 303 404 303 303
/studio/courses/{nobody}/delete                                         303 303 303 303 404 404 404
/studio/preview-markdown                                                303 303 303 303 200 200 200
/teach                                                                  303 422 422 422 303 303 303
/studio/courses/{course}/publish                                        303 303 303 303 422 404 422
/studio/courses/{course}/discard                                        303 303 303 303 303 404 303
/studio/courses/{course}/publish/withdraw                               303 303 303 303 422 404 422
/studio/payouts/account/connect                                         303 303 303 303 422 422 422
/studio/payouts/account/onboarding                                      303 303 303 303 303 303 303
/studio/payouts/account/dashboard                                       303 303 303 303 303 303 303
/studio/payouts/account/disconnect                                      303 303 303 303 303 303 303
/studio/profile                                                         303 303 303 303 303 303 303
/studio/reviews/{review}/reply                                          303 303 303 303 422 404 404
/studio/reviews/{review}/reply/delete                                   303 303 303 303 303 404 404
/studio/reviews/{nobody}/reply                                          303 303 303 303 404 404 404
/admin/moderation/next                                                  303 404 404 404 404 404 303
/admin/moderation/{item}/claim                                          303 404 404 404 404 404 303
/admin/moderation/{item}/skip                                           303 404 404 404 404 404 303
/admin/moderation/{item}/decide                                         303 404 404 404 404 404 422
/admin/moderation/{item}/take-back                                      303 404 404 404 404 404 303
/admin/moderation/{item}/restore                                        303 404 404 404 404 404 303
/admin/moderation/{course_item}/feature                                 303 404 404 404 404 404 303
/admin/moderation/{item}/feature                                        303 404 404 404 404 404 404
/admin/moderation/{course_item}/vet                                     303 404 404 404 404 404 303
/admin/moderation/{nobody}/decide                                       303 404 404 404 404 404 404
/admin/users/{person}/role                                              303 404 404 404 404 404 422
/admin/users/{person}/vetted                                            303 404 404 404 404 404 303
/admin/users/{person}/everything                                        303 404 404 404 404 404 303
/admin/users/{person}/suspend                                           303 404 404 404 404 404 422
/admin/users/{person}/restore                                           303 404 404 404 404 404 303
/admin/users/{person}/second-factor/remove                              303 404 404 404 404 404 422
/admin/users/{person}/courses                                           303 404 404 404 404 404 422
/admin/users/{person}/courses/{nobody}/take-back                        303 404 404 404 404 404 422
/admin/users/{nobody}/suspend                                           303 404 404 404 404 404 404
/admin/orders/LN-TEST-0001/looked-at                                    303 404 404 404 404 404 422
/admin/orders/LN-TEST-0001/refund                                       303 404 404 404 404 404 422
/studio/sales/LN-TEST-0001/refund                                       303 303 303 303 404 404 404
/admin/disputes/{dispute}/collect                                       303 404 404 404 404 404 303
/admin/disputes/{nobody}/collect                                        303 404 404 404 404 404 404
/admin/disputes/{dispute}/answer                                        303 404 404 404 404 404 303
/admin/disputes/{dispute}/send                                          303 404 404 404 404 404 422
/admin/emails/{message}/retry                                           303 404 404 404 404 404 303
/admin/emails/retry                                                     303 404 404 404 404 404 303
/admin/jobs/{job}/retry                                                 303 404 404 404 404 404 303
/admin/jobs/retry                                                       303 404 404 404 404 404 303
/admin/media/{nobody}/retry                                             303 404 404 404 404 404 303
/admin/webhooks/{event}/retry                                           303 404 404 404 404 404 303
/admin/webhooks/retry                                                   303 404 404 404 404 404 303
/admin/webhooks/{event}/looked-at                                       303 404 404 404 404 404 422
/admin/backups                                                          303 404 404 404 404 404 303
/admin/backups/{backup}/prove                                           303 404 404 404 404 404 303
/admin/backups/{nobody}/prove                                           303 404 404 404 404 404 404
/studio/coupons/new                                                     303 303 303 303 422 422 422
/studio/coupons/{coupon}/edit                                           303 303 303 303 422 404 404
/studio/coupons/{coupon}/prolong                                        303 303 303 303 303 404 404
/studio/coupons/{coupon}/stop                                           303 303 303 303 303 404 404
/studio/coupons/{coupon}/start                                          303 303 303 303 303 404 404
/studio/coupons/{coupon}/duplicate                                      303 303 303 303 303 404 404
/admin/coupons/new                                                      303 404 404 404 404 404 422
/admin/coupons/{shop_coupon}/edit                                       303 404 404 404 404 404 422
/admin/coupons/{shop_coupon}/prolong                                    303 404 404 404 404 404 303
/admin/coupons/{shop_coupon}/stop                                       303 404 404 404 404 404 303
/admin/coupons/{shop_coupon}/start                                      303 404 404 404 404 404 303
/admin/coupons/{shop_coupon}/duplicate                                  303 404 404 404 404 404 303
/admin/categories                                                       303 404 404 404 404 404 422
/admin/categories/{category}                                            303 404 404 404 404 404 422
/admin/categories/{category}/move                                       303 404 404 404 404 404 400
/admin/categories/{category}/delete                                     303 404 404 404 404 404 303
/admin/settings                                                         303 404 404 404 404 404 422
/admin/settings/look                                                    303 404 404 404 404 404 422
/admin/settings/logo                                                    303 404 404 404 404 404 303
/admin/settings/rules                                                   303 404 404 404 404 404 422
/admin/settings/refunds                                                 303 404 404 404 404 404 422
/admin/withdrawals/{withdrawal}/handled                                 303 404 404 404 404 404 303
/admin/withdrawals/{nobody}/handled                                     303 404 404 404 404 404 404
/studio/payouts/particulars                                             303 303 303 303 422 422 422
/admin/payouts/run                                                      303 404 404 404 404 404 303
/admin/payouts/{payout}/retry                                           303 404 404 404 404 404 303
/admin/payouts/{payout}/reverse                                         303 404 404 404 404 404 422
/admin/payouts/adjust                                                   303 404 404 404 404 404 422
/admin/settings/payouts                                                 303 404 404 404 404 404 422
/admin/books/{finding}/fetch                                            303 404 404 404 404 404 303
/admin/books/{finding}/explain                                          303 404 404 404 404 404 422
/admin/books/{finding}/counter                                          303 404 404 404 404 404 422
/admin/tax/one-stop-shop                                                303 404 404 404 404 404 422
/admin/settings/seller                                                  303 404 404 404 404 404 303
/admin/settings/tax                                                     303 404 404 404 404 404 303
/admin/settings/currency                                                303 404 404 404 404 404 303
/admin/settings/checkout                                                303 404 404 404 404 404 303
/admin/settings/sign-in                                                 303 404 404 404 404 404 422
/admin/settings/featured                                                303 404 404 404 404 404 422
/admin/settings/featured/{course}/move                                  303 404 404 404 404 404 400
/admin/settings/featured/{course}/drop                                  303 404 404 404 404 404 303
/not-me/forged                                                          410 410 410 410 410 410 410
/stripe/webhook                                                         400 400 400 400 400 400 400
/courses                                                                405 405 405 405 405 405 405
/nowhere                                                                404 404 404 404 404 404 404
"""


def lines(table: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The addresses of a table with the expected status for each of PEOPLE."""
    head, *rows = table.strip("\n").splitlines()
    assert tuple(head.split()) == PEOPLE
    for row in rows:
        address, *expected = row.split()
        yield address, tuple(map(int, expected))


def browser(app: Flask, signed_in: Callable[[User], FlaskClient], cast: Cast, person: str) -> FlaskClient:
    return app.test_client() if person == "out" else signed_in(getattr(cast, person))


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.slow
def test_every_form_by_every_person(
    app: Flask, cast: Cast, signed_in: Callable[[User], FlaskClient], person: str
) -> None:
    words = fill(app, cast)
    column = PEOPLE.index(person)
    expected = {address: statuses[column] for address, statuses in lines(WRITING)}
    found = {
        address: browser(app, signed_in, cast, person).post(address.format(**words)).status_code
        for address in expected
    }
    assert found == expected


@pytest.mark.slow
@pytest.mark.parametrize(("method", "table"), [("GET", READING), ("POST", WRITING)])
def test_who_owes_the_code_of_a_second_factor_is_answered_as_a_stranger(
    app: Flask, cast: Cast, method: str, table: str
) -> None:
    words, half = fill(app, cast), half_signed_in(app, cast.mo)
    expected = {address: statuses[0] for address, statuses in lines(table) if address != "/login/code"}
    found = {}
    for address in expected:
        visitor = app.test_client()
        with visitor.session_transaction() as session:
            session.update(half)
        found[address] = visitor.open(address.format(**words), method=method).status_code
    assert found == expected
    with app.app_context():
        assert db.session.scalars(db.select(UserSession).filter_by(user_id=cast.mo.id)).all() == []


def half_signed_in(app: Flask, user: User) -> dict[str, object]:
    """What a browser keeps of somebody who has a second factor and entered their password."""
    with app.app_context():
        row = db.session.get_one(User, user.id)
        second_factor.begin(row)
        code = pyotp.TOTP(second_factor.pending_secret(row) or "").at(clock.now())
        second_factor.confirm(row, code)
        db.session.commit()
    client = app.test_client()
    assert client.post("/login", data={"email": user.email, "password": PASSWORD}).location == "/login/code"
    with client.session_transaction() as session:
        return dict(session)


@pytest.mark.parametrize(("method", "table"), [("GET", READING), ("POST", WRITING)])
def test_no_route_is_missing_from_the_table(app: Flask, cast: Cast, method: str, table: str) -> None:
    words = fill(app, cast)
    adapter = app.url_map.bind("localhost")
    walked = set()
    for address, _ in lines(table):
        try:
            rule, _ = adapter.match(address.format(**words).partition("?")[0], method, return_rule=True)
        except HTTPException:
            continue
        walked.add((rule.rule, rule.endpoint))
    known = {
        (rule.rule, rule.endpoint) for rule in app.url_map.iter_rules() if method in (rule.methods or ())
    }
    assert known - walked == set()
