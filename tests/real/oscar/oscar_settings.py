"""The settings of a django-oscar shop, for its tables and its way of ordering alone."""

import os

from oscar.defaults import *  # noqa: F403 - as its own documentation has it

SECRET_KEY = "none is needed"
USE_TZ = True
TIME_ZONE = "UTC"
SITE_ID = 1
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "oscar_settings"
urlpatterns: list[object] = []
MIDDLEWARE: list[str] = []
OSCAR_INITIAL_ORDER_STATUS = "Pending"
OSCAR_ORDER_STATUS_PIPELINE = {"Pending": ("Cancelled",), "Cancelled": ()}
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ.get("SHOP_NAME"),
        "USER": os.environ.get("SHOP_USER"),
        "PASSWORD": os.environ.get("SHOP_PASSWORD"),
        "HOST": "127.0.0.1",
        "PORT": os.environ.get("SHOP_PORT"),
    }
}
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
_DJANGO = ("auth", "contenttypes", "sessions", "messages", "sites", "staticfiles", "flatpages")
_OSCAR = {
    "analytics": "Analytics", "checkout": "Checkout", "address": "Address",
    "shipping": "Shipping", "catalogue": "Catalogue", "catalogue.reviews": "CatalogueReviews",
    "communication": "Communication", "partner": "Partner", "basket": "Basket",
    "payment": "Payment", "offer": "Offer", "order": "Order", "customer": "Customer",
    "search": "Search", "voucher": "Voucher", "wishlists": "Wishlists",
}  # fmt: skip
_DASHBOARDS = (
    *("Reports", "Users", "Orders", "Catalogue", "Offers", "Partners", "Pages", "Ranges"),
    *("Reviews", "Vouchers", "Communications", "Shipping"),
)
INSTALLED_APPS = [
    *(f"django.contrib.{name}" for name in _DJANGO),
    "oscar.config.Shop",
    *(f"oscar.apps.{name}.apps.{config}Config" for name, config in _OSCAR.items()),
    "oscar.apps.dashboard.apps.DashboardConfig",
    *(f"oscar.apps.dashboard.{name.lower()}.apps.{name}DashboardConfig" for name in _DASHBOARDS),
    *("widget_tweaks", "haystack", "treebeard", "django_tables2"),
]
