"""A small service of the kind UU Predictor replaces: Flask, and a scikit-learn forest on raw unique users."""

import os

import joblib
import numpy
from flask import Flask, jsonify, request

INPUTS = ["alexa", "visits", "pagesPerVisit", "bounceRate", "avgVisitDuration"]

app = Flask(__name__)
model = joblib.load(os.environ["FOREST"])


@app.post("/predict")
def predict():
    months = request.get_json()
    rows = [[number(month.get(name)) for name in INPUTS] + [category(month.get("category"))] for month in months.values()]
    estimates = model["forest"].predict(numpy.array(rows))
    return jsonify({date: month | {"uniqueUsers": round(users)} for (date, month), users in zip(months.items(), estimates)})


def number(value):
    return numpy.nan if value is None else float(value)


def category(name):
    return model["categories"].get(name, numpy.nan)
